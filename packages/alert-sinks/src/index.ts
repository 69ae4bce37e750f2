export { SinksError, type SinksErrorCode, type SinksErrorDetails, sinksErrorCodes } from './errors.js'
