/** The places a policy can send a miner's data to, in the order in which they are named and filled. */
export const backendNames = ['s3', 'huggingface'] as const

/** One of them; closed, since every policy and every validator must mean the same. */
export type BackendName = (typeof backendNames)[number]
