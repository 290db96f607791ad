const MOMENT = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?\s?(Z|[+-]\d\d(?::?\d\d)?)?$/

/**
 * A row's date as ISO 8601 in UTC, `2025-01-31T10:00:00Z`, every digit of its fraction kept.
 * A date without a zone is UTC, as in Data Universe. Text that is no such date is returned as it is: nothing is lost.
 */
export function utcMoment(text: string): string {
  const match = MOMENT.exec(text)
  if (!match) return text
  const [, day = '', time = '', fraction, zone] = match
  const seconds = Date.parse(`${day}T${time}Z`)
  if (Number.isNaN(seconds) || !new Date(seconds).toISOString().startsWith(`${day}T${time}`)) return text
  const offset = zone === undefined || zone === 'Z' ? 0 : minutesOf(zone)
  const shifted = offset === 0 ? `${day}T${time}` : shift(seconds, offset)
  if (shifted === null) return text
  return fraction === undefined || /^0+$/.test(fraction) ? `${shifted}Z` : `${shifted}.${fraction}Z`
}

function shift(seconds: number, minutes: number): string | null {
  const iso = new Date(seconds - minutes * 60_000).toISOString()
  return iso.length === 24 ? iso.slice(0, 19) : null // years before 0 or after 9999 have another form
}

function minutesOf(zone: string): number {
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(':', '') || 0)
  return zone.startsWith('-') ? -minutes : minutes
}
