export { createNodeHashing } from './hashing.ts'
