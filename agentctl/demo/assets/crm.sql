CREATE TABLE customers (
  id             INTEGER PRIMARY KEY,
  name           TEXT    NOT NULL,
  region         TEXT    NOT NULL,
  tier           TEXT    NOT NULL DEFAULT 'monthly' CHECK (tier IN ('monthly', 'annual', 'enterprise')),
  discount_cents INTEGER NOT NULL DEFAULT 0 CHECK (discount_cents >= 0),
  price          NUMERIC(10, 2) NOT NULL,
  renews_on      DATE    NOT NULL
);

CREATE TABLE orders (
  id          INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customers (id),
  placed_on   DATE    NOT NULL,
  amount      NUMERIC(10, 2) NOT NULL
);

INSERT INTO customers (id, name, region, tier, discount_cents, price, renews_on) VALUES
  (7,  'Fjord Analytics', 'eu', 'annual',     0,    '120.00', '2027-03-01'),
  (42, 'Halvorsen & Co',  'eu', 'monthly',    0,    '12.00',  '2026-12-01'),
  (43, 'Halvorsen (old)', 'eu', 'monthly',    0,    '12.00',  '2026-12-15'),
  (58, 'Ponderosa Labs',  'us', 'monthly',    500,  '7.00',   '2026-12-09'),
  (61, 'Quill Press',     'us', 'enterprise', 0,    '900.00', '2027-01-01');

INSERT INTO orders (id, customer_id, placed_on, amount) VALUES
  (9001, 42, '2026-10-01', '12.00'),
  (9002, 61, '2026-10-15', '12.00'),
  (9003, 42, '2026-11-01', '12.00'),
  (9004, 7,  '2026-03-01', '120.00');
