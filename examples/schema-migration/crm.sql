CREATE TABLE customers (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  tier TEXT NOT NULL
);

INSERT INTO customers (id, name, tier) VALUES (7, 'Fjord Analytics', 'annual'), (42, 'Halvorsen & Co', 'monthly');
