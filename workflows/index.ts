export { deleteRestore } from './delete-restore.ts'
export { namespaceLocks } from './namespace-locks.ts'
export { restore } from './restore.ts'
