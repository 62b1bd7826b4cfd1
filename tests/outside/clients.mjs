// Asks through the npm clients: one question a line of stdin, `{"client", "prompt", "stream"}`, one answer a line of stdout.
import { createInterface } from 'node:readline'
import OpenAI from 'openai'
import { generateText, streamText } from 'ai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { createXai } from '@ai-sdk/xai'

const [, , baseURL] = process.argv
const apiKey = 'none-is-needed-on-loopback'
const model = 'grok-4.3'

// No retries of their own: whatever is repaired, the gateway repairs.
const openai = new OpenAI({ baseURL, apiKey, maxRetries: 0 })
const compatible = createOpenAICompatible({ name: 'evergrant', baseURL, apiKey })
const xai = createXai({ baseURL, apiKey })

const joined = async (parts) => {
  let text = ''
  for await (const part of parts) text += part
  return text
}

const sdk = (provider) => async ({ prompt, stream }) => {
  const asked = { model: provider, prompt, maxRetries: 0 }
  if (!stream) return (await generateText(asked)).text
  let failed
  const answer = streamText({ ...asked, onError: ({ error }) => { failed = error } })
  const text = await joined(answer.textStream)
  if (failed) throw failed
  return text
}

const clients = {
  'openai-chat': async ({ prompt, stream }) => {
    const answer = await openai.chat.completions.create({ model, stream, messages: [{ role: 'user', content: prompt }] })
    if (!stream) return answer.choices[0].message.content
    let text = ''
    for await (const part of answer) text += part.choices[0]?.delta?.content ?? ''
    return text
  },
  'openai-responses': async ({ prompt, stream }) => {
    const answer = await openai.responses.create({ model, stream, input: prompt })
    if (!stream) return answer.output_text
    let text = ''
    for await (const event of answer) if (event.type === 'response.output_text.delta') text += event.delta
    return text
  },
  'ai-compatible': sdk(compatible(model)),
  'ai-xai': sdk(xai(model)),
}

const lines = createInterface({ input: process.stdin })
for await (const line of lines) {
  const question = JSON.parse(line)
  let answer
  try {
    answer = { text: await clients[question.client](question) }
  } catch (error) {
    answer = { error: `${error?.name}: ${error?.message}` }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
