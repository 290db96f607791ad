import { openChain } from '@sluice/chain'
import { command, CommandError, type Context, type Program } from '@sluice/command-line'
import { failureOf } from './errors.ts'
import {
  explainSettings,
  type ReadFlags,
  readSettings,
  type RolloutFlags,
  rolloutSettings,
  setSettings,
} from './flags.ts'
import { publish } from './publish-command.ts'
import { explain, get, status } from './read-commands.ts'
import { connect, type OpenChain, type Connected } from './connect.ts'

/**
 * `sluice-config` as data and work.
 * @param open how a chain is opened; tests put a chain of their own here
 */
export const createProgram = (open: OpenChain = openChain): Program => {
  const within =
    <V extends ReadFlags>(work: (connected: Connected, values: V) => Promise<void>) =>
    async (values: V, context: Context): Promise<void> => {
      await using connected = connect(values, context, open)
      await work(connected, values)
    }
  const rollout = within(publish)
  return {
    name: 'sluice-config',
    meaning: "Reads and sets a subnet's storage policy on chain: which share of the miners moves to S3.",
    commands: [
      command({
        name: 'get',
        meaning: 'show the policy',
        settings: readSettings,
        examples: [{ line: 'sluice-config get --netuid 13', meaning: 'what holds on finney' }],
        run: within(get),
      }),
      command({
        name: 'set',
        meaning: 'change fields of the policy',
        settings: setSettings,
        examples: [
          {
            line: 'sluice-config set --netuid 13 --bucket_name data --auth_endpoint https://gateway.example.com --use_s3 true',
            meaning: 'say where S3 is, at 0 %',
          },
          { line: 'sluice-config set --netuid 13 --mode dual --dry-run', meaning: 'look first, without a wallet' },
        ],
        run: within(publish),
      }),
      command({
        name: 'rollout',
        meaning: 'turn the dial: change the percentage',
        settings: rolloutSettings,
        examples: [
          { line: 'sluice-config rollout --netuid 13 --percentage 25%', meaning: 'a quarter of the hotkeys' },
          { line: 'sluice-config rollout --netuid 13 --schedule 7000000:50,7100000:100', meaning: 'by blocks' },
        ],
        run: async (values: RolloutFlags, context) => {
          if (values.percentage === undefined && values.schedule === undefined) {
            throw new CommandError('USAGE', 'Say how far: --percentage 25, or --schedule BLOCK:PERCENTAGE.')
          }
          await rollout(values, context)
        },
      }),
      command({
        name: 'status',
        meaning: 'show policy, head counts and who is on S3',
        settings: readSettings,
        examples: [{ line: 'sluice-config status --netuid 13 --json', meaning: 'for a script' }],
        run: within(status),
      }),
      command({
        name: 'explain',
        meaning: 'show why a hotkey is in or out',
        settings: explainSettings,
        examples: [
          { line: 'sluice-config explain 5Grw…utQY --netuid 13', meaning: 'its number, the threshold, the reason' },
        ],
        run: within(explain),
      }),
    ],
    notes: ['Except with 8, an exit code other than 0 means that nothing was changed.'],
    failureOf,
  }
}
