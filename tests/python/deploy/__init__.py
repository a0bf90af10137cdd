"""What is deployed around the warehouse: templates and the remote function's service."""
