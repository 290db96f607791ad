import { createStorageFromConfig, type DualStorage, type StorageOptions } from '@sluice/storage'
import { createArchive } from './archive.ts'

export async function openMiner(options: StorageOptions, path: string): Promise<DualStorage> {
  const archive = { name: 'archive', backend: createArchive(path), identity: `sqlite:${path}`, place: path }
  return await createStorageFromConfig({ ...options, additional: [archive] })
}
