import { command, type Context, type Program } from '@sluice/command-line'
import { configFromSettings, openFromSettings } from './from-settings.ts'
import { logLines, quietly } from './log-lines.ts'
import {
  minerSettings,
  type MinerSettings,
  policySettings,
  type PolicySettings,
  stateFileOf,
  uploadSettings,
  type UploadSettings,
} from '../settings.ts'
import { readStatus } from '../status.ts'
import { failureOf } from './failure.ts'
import { fileCommands } from './file-commands.ts'
import { refusedOverride, showConfig, showReceipt, showStatus } from './text.ts'

/** `sluice-miner` as data and work. */
export const program: Program = {
  name: 'sluice-miner',
  meaning: "Brings a miner's data where the subnet's storage policy wants it.",
  commands: [
    command({
      name: 'upload',
      meaning: 'one cycle: export, upload, verify, list',
      settings: uploadSettings,
      examples: [
        { line: 'sluice-miner upload --netuid 13 --db SqliteMinerStorage.sqlite', meaning: 'run it by a timer' },
      ],
      run: upload,
    }),
    command({
      name: 'status',
      meaning: 'what is stored, queued and failing; makes no call',
      settings: minerSettings,
      examples: [{ line: 'sluice-miner status --netuid 13 --json', meaning: 'for a script' }],
      run: status,
    }),
    command({
      name: 'explain',
      meaning: 'the policy in force and what it means for this hotkey',
      settings: policySettings,
      examples: [{ line: 'sluice-miner explain --netuid 13 --wallet.name miner', meaning: 'where it has to store' }],
      run: explain,
    }),
    ...fileCommands,
  ],
  notes: [
    'S3 is reached through the auth endpoint of the policy, with the hotkey alone; with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY directly. Endpoints of the policy must be https at public addresses.',
    'upload and put end with 8 when something is not stored yet: run the same command again, it goes on.',
  ],
  failureOf,
}

async function upload(
  settings: UploadSettings,
  { terminal, signal, environment }: Context,
): Promise<'done' | 'unfinished'> {
  const storage = await openFromSettings(settings, { log: logLines(terminal), terminal, environment, signal })
  try {
    const receipt = await storage.uploadData({ signal })
    const { plan } = storage.status()
    terminal.object({ ...receipt, ...plan?.chain })
    showReceipt(terminal, receipt, plan?.chain ?? null, refusedOverride(settings, receipt.plan))
    return receipt.complete ? 'done' : 'unfinished'
  } finally {
    await storage.close()
  }
}

async function status(settings: MinerSettings, { terminal }: Context): Promise<void> {
  const found = readStatus(stateFileOf(settings))
  terminal.object(found)
  showStatus(terminal, found)
}

async function explain(settings: PolicySettings, context: Context): Promise<void> {
  const config = await configFromSettings(settings, quietly(context))
  context.terminal.object({ ...config, ...config.chain })
  showConfig(context.terminal, config)
}
