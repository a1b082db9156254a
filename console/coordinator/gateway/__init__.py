"""The clients' side: OpenAI's chat API over HTTP, errors in its shape. Only requests and streams live here;
draw, money and verdicts are the other modules' business.
"""
