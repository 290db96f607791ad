import { startHub } from '@sluice/dev-hub'
import { createHuggingFaceBackend } from '../src/huggingface/backend.ts'
import { describeBackend } from '../src/port/contract.ts'

describeBackend('huggingface', async () => {
  const hub = await startHub({ users: [{ name: 'alice', token: 'hf_alice' }], pageSize: 5, partBytes: 1_000_000 })
  const backend = createHuggingFaceBackend({ repository: 'alice/data', token: 'hf_alice', hubUrl: hub.url })
  return { backend, close: () => hub.close() }
})
