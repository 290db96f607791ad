import type { Journal, JournalEntry, JournalPart } from './port.ts'

/** A journal that lasts as long as this process: failed uploads can be resumed by the next call. */
export function createMemoryJournal(): Journal {
  const unclear = new Set<string>()
  const uploads = new Map<string, { entry: JournalEntry; readonly parts: Map<number, JournalPart> }>()
  const entries = (): JournalEntry[] => [...uploads.values()].map(({ entry }) => entry)
  return {
    find: async (destination, key) =>
      entries().findLast((entry) => entry.destination === destination && entry.key === key) ?? null,
    isEmpty: () => uploads.size === 0,
    save: async (entry) => {
      const known = uploads.get(entry.uploadId)
      if (known === undefined) uploads.set(entry.uploadId, { entry, parts: new Map() })
      else known.entry = entry
    },
    savePart: async (uploadId, part) => void uploads.get(uploadId)?.parts.set(part.partNumber, part),
    parts: async (uploadId) => [...(uploads.get(uploadId)?.parts.values() ?? [])],
    remove: async (uploadId) => void uploads.delete(uploadId),
    list: async () => entries(),
    claim: async (...place) => (unclear.delete(place.join('\n')) ? 'inherited' : 'granted'),
    release: async (destination, key, isClear) => void (isClear || unclear.add(`${destination}\n${key}`)),
  }
}
