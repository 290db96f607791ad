/** A JSON-RPC error that goes to the client as it is. */
export class RpcFailure extends Error {
  override readonly name = 'RpcFailure'
  readonly code: number
  readonly data: string | undefined
  constructor(code: number, message: string, data?: string) {
    super(message)
    this.code = code
    this.data = data
  }
}
export const invalidParams = (problem: string): RpcFailure => new RpcFailure(-32_602, `Invalid params: ${problem}`)
