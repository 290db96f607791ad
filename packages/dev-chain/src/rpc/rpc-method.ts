/** JSON-RPC methods by name; each checks its own parameters. */
export type Params = readonly unknown[]
export type Methods = Readonly<Record<string, (params: Params) => unknown>>
