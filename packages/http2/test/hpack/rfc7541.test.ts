import { describe, expect, it } from "vitest";
import { readInteger, writeInteger } from "../../src/protocol/hpack/integer.ts";
import {
  CONNECTION_LIMITS,
  HeaderField,
  HeaderList,
  HpackDecoder,
  HpackEncoder,
  Malformed,
} from "../../src/protocol/index.ts";

const hex = (text: string): Uint8Array =>
  Uint8Array.from(Buffer.from(text.replace(/\s/g, ""), "hex"));
const decoder = (limits = {}): HpackDecoder =>
  new HpackDecoder({ ...CONNECTION_LIMITS, ...limits });

function pairs(list: HeaderList | Malformed): readonly string[] {
  if (list instanceof Malformed) throw list;
  return list.fields.map(({ name, value }) => `${name}: ${value}`);
}

const request1 = [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"];
const request2 = [...request1, "cache-control: no-cache"];
const request3 = [
  ":method: GET",
  ":scheme: https",
  ":path: /index.html",
  ":authority: www.example.com",
  "custom-key: custom-value",
];
const response1 = [
  ":status: 302",
  "cache-control: private",
  "date: Mon, 21 Oct 2013 20:13:21 GMT",
  "location: https://www.example.com",
];
const response2 = [":status: 307", ...response1.slice(1)];
const response3 = [
  ":status: 200",
  "cache-control: private",
  "date: Mon, 21 Oct 2013 20:13:22 GMT",
  "location: https://www.example.com",
  "content-encoding: gzip",
  "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
];

describe("RFC 7541 appendix C", () => {
  it("C.1: integers", () => {
    const cases = [
      { value: 10, bits: 5, want: [0x0a] },
      { value: 1337, bits: 5, want: [0x1f, 0x9a, 0x0a] },
      { value: 42, bits: 8, want: [0x2a] },
    ];
    for (const { value, bits, want } of cases) {
      const to = new Uint8Array(8);
      const end = writeInteger(to, 0, 0, bits, value);
      expect([...to.subarray(0, end)]).toEqual(want);
      expect(readInteger({ bytes: to, at: 0, end }, bits)).toBe(value);
    }
  });

  it("C.2: each representation by itself", () => {
    const cases: readonly (readonly [string, string, boolean])[] = [
      ["400a637573746f6d2d6b65790d637573746f6d2d686561646572", "custom-key: custom-header", false],
      ["040c2f73616d706c652f70617468", ":path: /sample/path", false],
      ["100870617373776f726406736563726574", "password: secret", true],
      ["82", ":method: GET", false],
    ];
    for (const [bytes, want, sensitive] of cases) {
      const list = decoder().decode(hex(bytes));
      expect(pairs(list)).toEqual([want]);
      if (list instanceof HeaderList) expect(list.fields[0]?.sensitive).toBe(sensitive);
    }
  });

  const conversations = {
    "C.3: requests without Huffman": [
      ["8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", request1],
      ["8286 84be 5808 6e6f 2d63 6163 6865", request2],
      ["8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65", request3],
    ],
    "C.4: requests with Huffman": [
      ["8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", request1],
      ["8286 84be 5886 a8eb 1064 9cbf", request2],
      ["8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf", request3],
    ],
  } as const;

  for (const [title, blocks] of Object.entries(conversations)) {
    it(title, () => {
      const state = decoder();
      for (const [bytes, want] of blocks) expect(pairs(state.decode(hex(bytes)))).toEqual(want);
    });
  }

  const responses = {
    "C.5: responses without Huffman, with a table of 256 bytes": [
      [
        `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32
         3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
        response1,
      ],
      ["4803 3330 37c1 c0bf", response2],
      [
        `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970
         7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61
         6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
        response3,
      ],
    ],
    "C.6: responses with Huffman, with a table of 256 bytes": [
      [
        `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad
         1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
        response1,
      ],
      ["4883 640e ffc1 c0bf", response2],
      [
        `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2
         e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
        response3,
      ],
    ],
  } as const;

  for (const [title, blocks] of Object.entries(responses)) {
    it(title, () => {
      const state = decoder();
      // The examples begin with a table of 256 bytes, which here is said in the first block (3f e1 01).
      expect(pairs(state.decode(hex(`3fe101 ${blocks[0][0]}`)))).toEqual(blocks[0][1]);
      for (const [bytes, want] of blocks.slice(1))
        expect(pairs(state.decode(hex(bytes)))).toEqual(want);
    });
  }

  it("C.4: our encoder makes the same bytes of the same requests", () => {
    const encoder = new HpackEncoder();
    for (const [bytes, want] of conversations["C.4: requests with Huffman"]) {
      const list = new HeaderList(want.map(fieldOf));
      expect(Buffer.from(encoder.encode(list)).toString("hex")).toBe(bytes.replace(/\s/g, ""));
    }
  });
});

function fieldOf(line: string): HeaderField {
  const at = line.indexOf(": ", 1);
  return new HeaderField(line.slice(0, at), line.slice(at + 2));
}

describe("RFC 7541: what must be refused", () => {
  const refused: Readonly<Record<string, string>> = {
    "§2.3.3: an index beyond both tables": "be",
    "§2.3.3: an index beyond both tables, as a literal's name": "7e 01 61",
    "§6.1: index 0": "80",
    "§5.1: an integer that is cut off": "ff",
    "§5.1: an integer that is cut off in its middle": "ff 80",
    "§5.1: an integer larger than any index or length": "ff ff ff ff ff 7f",
    "§5.1: an integer padded with zeros without end": "ff 80 80 80 80 80 80 80 00",
    "§5.2: a string longer than its block": "40 0a 61",
    "§5.2: a Huffman string padded with more than 7 bits": "00 83 1c 64 ff 01 61",
    "§5.2: a Huffman string padded with zeros": "00 81 18 01 61",
    "§5.2: a Huffman string that holds EOS": "00 84 ff ff ff ff 01 61",
    "§5.2: a string without a length": "40",
    "§6.3: a table larger than was allowed": "3f e2 1f",
    "§4.2: a table size update after a field": "82 20",
  };
  for (const [title, bytes] of Object.entries(refused)) {
    it(title, () => expect(decoder().decode(hex(bytes))).toBeInstanceOf(Malformed));
  }

  it("§4.2: after a smaller limit is acknowledged, a block that does not begin with an update", () => {
    const strict = decoder();
    strict.setCapacityMax(100);
    expect(strict.decode(hex("82"))).toBeInstanceOf(Malformed);
    const told = decoder();
    told.setCapacityMax(100);
    expect(pairs(told.decode(hex("3f45 82")))).toEqual([":method: GET"]);
    expect(pairs(told.decode(hex("82")))).toEqual([":method: GET"]);
  });
});

describe("the dynamic table", () => {
  it("§4.4: a field larger than the table empties it, and is read all the same", () => {
    const state = decoder();
    expect(pairs(state.decode(hex("3f0f 40 01 61 01 62")))).toEqual(["a: b"]);
    expect(pairs(state.decode(hex("be")))).toEqual(["a: b"]);
    const large = new Uint8Array([0x40, 0x01, 0x61, 0x28, ...new Uint8Array(40).fill(0x63)]);
    expect(pairs(state.decode(large))).toEqual([`a: ${"c".repeat(40)}`]);
    expect(state.decode(hex("be"))).toBeInstanceOf(Malformed);
  });

  it("§4.3: a smaller capacity evicts the oldest", () => {
    const state = decoder();
    expect(pairs(state.decode(hex("40 01 61 01 62 40 01 63 01 64")))).toEqual(["a: b", "c: d"]);
    expect(pairs(state.decode(hex("3f05 be")))).toEqual(["c: d"]);
    expect(state.decode(hex("bf"))).toBeInstanceOf(Malformed);
  });

  it("a block that comes a second time is remembered, and forgotten when the table changes", () => {
    const state = decoder();
    state.decode(hex("40 01 61 01 62"));
    expect(pairs(state.decode(hex("82be")))).toEqual([":method: GET", "a: b"]);
    const first = state.decode(hex("82be"));
    expect(state.decode(hex("82be"))).toBe(first);
    state.decode(hex("40 01 63 01 64"));
    const after = state.decode(hex("82be"));
    expect(after).not.toBe(first);
    expect(pairs(after)).toEqual([":method: GET", "c: d"]);
  });

  it("a block that adds to the table, or holds what no table may keep, is never remembered", () => {
    for (const block of ["82 40 01 61 01 62", "82 10 01 61 01 62"]) {
      const state = decoder();
      const lists = [1, 2, 3, 4].map(() => state.decode(hex(block)));
      expect(new Set(lists).size).toBe(4);
    }
    const state = decoder();
    const lists = [1, 2, 3, 4].map(() => state.decode(hex("82 00 01 61 01 62")));
    expect(new Set(lists).size).toBe(2);
  });

  it("what is more than the limits is left out, and the tables stay in step", () => {
    const state = decoder({ headerListBytesMax: 70 });
    const list = state.decode(hex("40 01 61 01 62 40 01 63 01 64 40 01 65 01 66"));
    expect(list instanceof HeaderList && list.isTruncated).toBe(true);
    expect(pairs(list)).toEqual(["a: b", "c: d"]);
    expect(pairs(state.decode(hex("be")))).toEqual(["e: f"]);
    const few = decoder({ headerCountMax: 1 }).decode(hex("8286"));
    expect(few instanceof HeaderList && few.isTruncated).toBe(true);
  });
});

describe("the encoder", () => {
  it("writes a list that it knows in one byte for each field", () => {
    const encoder = new HpackEncoder();
    const list = HeaderList.of([":status", "200"], ["content-type", "application/grpc"]);
    expect(encoder.encode(list).length).toBeGreaterThan(2);
    expect([...encoder.encode(list)]).toEqual([0x88, 0xbe]);
    expect([...encoder.encode(list)]).toEqual([0x88, 0xbe]);
  });

  it("§7.1.3: a sensitive field is never indexed, and says so", () => {
    const encoder = new HpackEncoder();
    const field = new HeaderField("token", "secret", { sensitive: true });
    for (let i = 0; i < 2; i++) {
      const block = encoder.encode(new HeaderList([]), [field]);
      expect((block[0] as number) & 0xf0).toBe(0x10);
    }
  });

  it("§4.2: says a smaller table and the one after it at the beginning of the next block", () => {
    const encoder = new HpackEncoder();
    encoder.setCapacityMax(0);
    encoder.setCapacityMax(4096);
    expect([...encoder.encode(HeaderList.of([":method", "GET"]))]).toEqual([
      0x20, 0x3f, 0xe1, 0x1f, 0x82,
    ]);
    expect([...encoder.encode(HeaderList.of([":method", "GET"]))]).toEqual([0x82]);
  });

  it("never uses more of a table than 4096 bytes, whatever is offered", () => {
    const encoder = new HpackEncoder();
    encoder.setCapacityMax(1_000_000);
    expect([...encoder.encode(HeaderList.of([":method", "GET"]))]).toEqual([0x82]);
  });
});
