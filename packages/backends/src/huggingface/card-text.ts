import type { DatasetCard, DatasetStats } from './card-facts.ts'

const topicsShown = 10
const updatesShown = 20

/** README.md of a dataset repository: YAML block, what it is, figures, top topics, update history. */
export function renderCard(repository: string, card: DatasetCard, stats: DatasetStats): string {
  const sources = card.sources.filter((source) => /^[\w-]{1,40}$/.test(source))
  const configs = sources.flatMap((source) => [
    `- config_name: ${source}`,
    `  data_files: "source=${source}/**/*.parquet"`,
  ])
  const { summary } = stats
  const topics = stats.topics
    .toSorted((a, b) => b.total_count - a.total_count)
    .slice(0, topicsShown)
    .map(
      (topic, i) =>
        `| ${i + 1} | ${escape(topic.topic)} | ${topic.total_count} | ${topic.total_percentage.toFixed(2)}% |`,
    )
  // Counts are differences, so the totals follow backwards from the newest.
  let total = summary.total_rows
  const updates = summary.update_history
    .toReversed()
    .map(({ timestamp, count }) => {
      const row = `| ${escape(timestamp)} | ${count} | ${total} |`
      total -= count
      return row
    })
    .slice(0, updatesShown)
  const lines = [
    '---',
    'license: mit',
    'multilinguality:',
    '- multilingual',
    'source_datasets:',
    '- original',
    ...(configs.length > 0 ? ['configs:', ...configs] : []),
    '---',
    '',
    `# Bittensor subnet ${card.netuid}: ${sources.join(', ') || 'dataset'}`,
    '',
    `- **Repository:** ${escape(repository)}`,
    `- **Miner hotkey:** ${escape(card.hotkey)}`,
    `- **Rows:** ${summary.total_rows}`,
    `- **From:** ${escape(summary.start_dt ?? 'none')} **to:** ${escape(summary.end_dt ?? 'none')}`,
    `- **Last update:** ${escape(summary.last_update_dt)}`,
    '',
    'One Parquet file per source and hour, listed in `manifest.json`, which the hotkey has signed.',
    'All figures are in `stats.json`.',
    '',
    ...(topics.length > 0
      ? ['## Top topics', '', '| Rank | Topic | Rows | Share |', '| --- | --- | --- | --- |', ...topics, '']
      : []),
    '## Updates',
    '',
    '| Date | New rows | Total |',
    '| --- | --- | --- |',
    ...updates,
    '',
  ]
  return lines.join('\n')
}

/** Text of strangers as plain text of one line: no markup, no table cells, no links, at most 80 characters. */
function escape(text: string): string {
  const plain = Array.from(text.replaceAll(/[\p{C}\p{Z}]+/gu, ' '))
    .slice(0, 80)
    .join('')
  return plain
    .replaceAll(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`)
    .replaceAll(/[\\`*_{}[\]()#+!|~:@]/g, String.raw`\$&`)
}
