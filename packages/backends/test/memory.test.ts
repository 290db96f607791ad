import { createMemoryBackend } from '../src/memory.ts'
import { describeBackend } from './contract.ts'

describeBackend('memory', async () => ({ backend: createMemoryBackend() }))
