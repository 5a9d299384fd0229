CREATE TABLE prices (
  product  TEXT PRIMARY KEY,
  currency TEXT NOT NULL,
  amount   NUMERIC(10, 2) NOT NULL
);

INSERT INTO prices (product, currency, amount) VALUES
  ('annual',  'USD', '12.50'),
  ('monthly', 'USD', '12.50');
