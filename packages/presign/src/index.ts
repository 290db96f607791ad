export {
  type BucketPlace,
  createPresigner,
  type FormInput,
  type PresignedRequest,
  type Presigner,
  type PresignInput,
  type S3Credentials,
} from './presign.ts'
