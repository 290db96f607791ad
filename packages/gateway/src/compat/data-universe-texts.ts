/** What Data Universe's API tells of itself. */

export const folderStructure: { readonly folder_structure: string; readonly description: string } = {
  folder_structure: 'data/hotkey={hotkey_id}/job_id={job_id}/',
  description: 'Every hotkey writes below its own prefix only, in one folder per job.',
}

export const commitmentFormats: Readonly<Record<string, string>> = {
  miner_format: 's3:data:access:{coldkey}:{hotkey}:{timestamp}',
  validator_format: 's3:validator:access:{timestamp}',
  miner_specific_format: 's3:validator:miner:{miner_hotkey}:{timestamp}',
  folder_presigned_format: 's3:validator:folders:{hotkey}:{timestamp}',
  file_presigned_format: 's3:validator:files:{miner_hotkey}:{hotkey}:{timestamp}',
}

export const structureInfo: Readonly<Record<string, unknown>> = {
  folder_structure: folderStructure.folder_structure,
  example_paths: ['data/hotkey=5F3...xyz/job_id=default_0/data_20250620_143052_150_0123456789abcdef.parquet'],
  upload_flow: [
    '1. Ask /get-folder-access with a signed string',
    '2. Upload to data/hotkey={hotkey_id}/job_id={job_id}/ with the form it gives',
  ],
}
