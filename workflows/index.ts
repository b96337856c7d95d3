export { deleteRestore } from './delete-restore.ts'
export { restore } from './restore.ts'
