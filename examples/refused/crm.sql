CREATE TABLE customers (
  id             INTEGER PRIMARY KEY,
  name           TEXT NOT NULL,
  region         TEXT NOT NULL,
  tier           TEXT NOT NULL,
  discount_cents INTEGER NOT NULL
);

INSERT INTO customers (id, name, region, tier, discount_cents) VALUES
  (42, 'Halvorsen & Co', 'eu', 'monthly', 0),
  (58, 'Ponderosa Labs', 'us', 'monthly', 0);
