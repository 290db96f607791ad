import { type Setting, type Settings, toggle } from './setting.ts'

/** How much is said, and in which form; part of every command. */
export interface OutputValues {
  readonly json: boolean
  readonly jsonEvents: boolean
  readonly quiet: boolean
  /** How often `-v` was said. */
  readonly verbose: number
  readonly noColour: boolean
  readonly help: boolean
  readonly version: boolean
}

const group = 'Output'

/** A switch that counts. */
const counted: Setting<number> = {
  ...toggle({ flag: 'verbose', also: ['v'], group, meaning: 'say more; -vv says everything' }),
  initial: 0,
  read: (texts) => texts.length,
}

export const outputSettings: Settings<OutputValues> = {
  json: toggle({
    flag: 'json',
    also: ['json-output'],
    group,
    meaning: 'one JSON object as the last thing on standard output, errors included',
  }),
  jsonEvents: toggle({
    flag: 'json-events',
    group,
    meaning: 'as --json=events: one JSON line per event of long work, then that object',
  }),
  quiet: toggle({ flag: 'quiet', also: ['q'], group, meaning: 'results, warnings and errors only' }),
  verbose: counted,
  noColour: {
    ...toggle({ variables: ['NO_COLOR'], group, meaning: 'with any value: no colours' }),
    read: () => true,
  },
  help: toggle({ flag: 'help', also: ['h'], group, meaning: 'this text' }),
  version: toggle({ flag: 'version', group, meaning: 'the version of this program' }),
}
