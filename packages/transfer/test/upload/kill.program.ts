// Uploads one file and prints a line per stored part; killed by its test at any moment.
import { createDirectSessions, createNodeTransfer, fromPath } from '../../src/node/index.ts'

const [file, key, options] = process.argv.slice(2)
const { journalFile, sessions, partSize } = JSON.parse(options ?? '{}') as {
  journalFile: string
  partSize: number
  sessions: Parameters<typeof createDirectSessions>[0]
}
const transfer = createNodeTransfer({ sessions: createDirectSessions(sessions), journalFile, partSize, concurrency: 3 })
const result = await transfer.upload(fromPath(file ?? ''), {
  key: key ?? '',
  onEvent: (event) => {
    if (event.type === 'part' || (event.type === 'progress' && event.phase !== 'sending')) {
      console.log(JSON.stringify(event.type === 'part' ? { part: event.partNumber, state: event.state } : event.phase))
    }
  },
})
console.log(JSON.stringify({ result }))
transfer.close()
