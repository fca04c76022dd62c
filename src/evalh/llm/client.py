"""An endpoint that is asked: `Endpoint.ask`."""
