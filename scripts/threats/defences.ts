import { accessDefences } from './access.ts'
import { contentDefences } from './content.ts'
import type { Defence } from './defence.ts'

export const defences: readonly Defence[] = [...accessDefences, ...contentDefences]
