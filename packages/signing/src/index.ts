export { SigningError, type SigningErrorCode } from './errors.ts'
export type { OutgoingRequest, ReceivedRequest, Signed } from './request.ts'
export type { TimeWindow } from './window.ts'
export { contentDigest, createSigner, type Signer, type SignerOptions } from './rfc9421.ts'
export { type Rfc9421Options, verifyRfc9421 } from './rfc9421-verify.ts'
export {
  type EpistulaOptions,
  type EpistulaSignerOptions,
  epistulaMessage,
  signEpistula,
  verifyEpistula,
} from './epistula.ts'
export { signTao, taoMessage, type TaoOptions, type TaoSignerOptions, verifyTao } from './tao.ts'
export { legacyMessages, type LegacyOptions, type LegacyRequest, verifyLegacy } from './legacy.ts'
export { pythonJson } from './python-json.ts'
