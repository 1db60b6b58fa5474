"""How fast and how lean: the model beside a plain form of itself."""
