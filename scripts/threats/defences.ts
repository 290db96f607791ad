import type { Defence } from './defence.ts'
import { whatDefences } from './what.ts'
import { whoDefences } from './who.ts'

export const defences: readonly Defence[] = [...whoDefences, ...whatDefences]
