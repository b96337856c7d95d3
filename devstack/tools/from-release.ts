import type { Progress } from './obtain-tool.ts'
import type { Tool } from './tools.ts'

export async function fromRelease(_tool: Tool, _progress: Progress): Promise<string | undefined> {
  return undefined
}
