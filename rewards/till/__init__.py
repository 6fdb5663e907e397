"""What a cashier does at a till: look somebody up, take in a newcomer, give points for a sale, take the last one back."""
