"""What `manage.py demo` fills an empty site with: lessons worth reading, and pictures that explain them."""
