"""How should a tomogram be stored? One function answers for pages, commands, documents, the API."""
