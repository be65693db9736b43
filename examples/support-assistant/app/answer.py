"""Asks a hosted model for the answer."""

from anthropic import Anthropic
from openai import OpenAI

from app.settings import Settings

settings = Settings()


def answer(question: str, context: str) -> str:
    messages = [{"role": "user", "content": f"{context}\n\n{question}"}]
    try:
        return OpenAI().chat.completions.create(model=settings.chat_model, messages=messages).choices[0].message.content
    except TimeoutError:
        return Anthropic().messages.create(model=settings.fallback_model, max_tokens=500, messages=messages).content[0].text
