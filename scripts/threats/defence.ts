/** One defence that can be taken out, and the tests that must then fail. */
export interface Defence {
  /** Row of the threat table in docs/threats.md. */
  readonly threat: string
  readonly defence: string
  readonly file: string
  /** What stands in the file, and what stands there without the defence; nothing when left out. */
  readonly code: string
  readonly instead?: string
  /** Test file, and the beginning of the tests' names where it is not that of the threat. */
  readonly test: string
  readonly name?: string
}
