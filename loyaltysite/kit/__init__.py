"""What every app may use. It knows no app and has no models."""
