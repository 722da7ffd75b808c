"""The pages: aiohttp handlers, Jinja2 templates of `frontend/`, one stream of live values a page."""
