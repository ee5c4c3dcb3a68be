"""What people see: the Flask application, its pages and its API."""
