import { describeBackend } from '@sluice/backends/contract'
import { createArchive } from './archive.ts'

describeBackend('archive', async () => ({ backend: createArchive(':memory:') }))
