/** Whether UTF-8 can hold the text: no lone surrogates. */
export function isWellFormed(text: string): boolean {
  // ES2024; every supported Node has it, the ES2023 library of TypeScript does not name it.
  return (text as string & { isWellFormed(): boolean }).isWellFormed()
}
