import { createMemoryBackend } from '../src/memory.ts'
import { describeBackend } from '../src/port/contract.ts'

describeBackend('memory', async () => ({ backend: createMemoryBackend() }))
