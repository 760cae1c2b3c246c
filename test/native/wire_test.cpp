// Holds the C++ codec to the vectors that the TypeScript codec is held to. Portable: built for the machine at hand,
// with sanitizers. Usage: wire_test VECTOR-FOLDER
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>

#include "common/wire/events.h"
#include "common/wire/requests.h"
#include "common/wire/responses.h"

using namespace understudy::wire;
using Bytes = std::vector<uint8_t>;

namespace {

int failures = 0;

void Check(bool condition, const std::string& what) {
  if (condition) return;
  ++failures;
  std::printf("FAILED %s\n", what.c_str());
}

Bytes ReadHex(const std::filesystem::path& path) {
  std::ifstream file(path);
  Bytes bytes;
  std::string line;
  while (std::getline(file, line)) {
    if (!line.empty() && line[0] == '#') continue;
    for (size_t at = 0; at + 1 < line.size(); at += 2) {
      bytes.push_back(static_cast<uint8_t>(std::stoi(line.substr(at, 2), nullptr, 16)));
    }
  }
  return bytes;
}

// Decodes the payload as Body after a leading number (deadline or result) and encodes it anew; empty = malformed.
template <class Body>
Bytes AgainRequest(const Header& header, Reader& reader) {
  Body body;
  const auto deadline_ms = reader.Number<uint32_t>();
  if (!DecodeBody(reader, body)) return {};
  return EncodeRequest(header.correlation, deadline_ms, body);
}

template <class Body>
Bytes AgainResponse(const Header& header, Reader& reader) {
  Body body;
  const auto result = reader.Number<int32_t>();
  if (!DecodeBody(reader, body)) return {};
  return EncodeResponse(header.type & ~kResponseBit, header.correlation, result, body);
}

template <class Body>
Bytes AgainEvent(const Header&, Reader& reader) {
  Body body;
  if (!DecodeBody(reader, body)) return {};
  return EncodeEvent(body);
}

Bytes AgainFailure(const Header& header, Reader& reader) {
  const auto result = reader.Number<int32_t>();
  OptionalText detail;
  Decoder decoder(reader);
  decoder(detail);
  if (!reader.AtEnd()) return {};
  return EncodeFailure(header.type & ~kResponseBit, header.correlation, result, detail);
}

using Again = std::function<Bytes(const Header&, Reader&)>;

const std::map<std::string, Again> kVectors = {
    {"hello-request", AgainRequest<Hello>},
    {"hello-response", AgainResponse<HelloAnswer>},
    {"ping-request", AgainRequest<Ping>},
    {"unknown-failure", AgainFailure},
    {"list-servers-response", AgainResponse<ListServersAnswer>},
    {"status-response", AgainResponse<StatusAnswer>},
    {"add-group-request", AgainRequest<AddGroup>},
    {"add-items-request", AgainRequest<AddItems>},
    {"read-response-uniform", AgainResponse<States>},
    {"read-response-mixed", AgainResponse<States>},
    {"write-request", AgainRequest<Write>},
    {"browse-response", AgainResponse<BrowseAnswer>},
    {"data-change", AgainEvent<DataChange>},
    {"keep-alive", AgainEvent<DataChange>},
    {"shutdown", AgainEvent<Shutdown>},
    {"overflow", AgainEvent<Overflow>},
};

Bytes DecodeAgain(const Again& again, const Header& header, const Bytes& payload) {
  // A copy of exactly this size, so that the sanitizer sees every byte read beyond it.
  const Bytes exact(payload);
  Reader reader(exact.data(), exact.size());
  return again(header, reader);
}

void TestVector(const std::string& name, const Again& again, const Bytes& bytes) {
  Check(bytes.size() >= kHeaderSize, name + ": is a frame");
  uint8_t head[kHeaderSize];
  std::memcpy(head, bytes.data(), kHeaderSize);
  Header header;
  Check(DecodeHeader(head, header), name + ": has a header");
  Check(header.length + 4 == bytes.size(), name + ": has its length");
  const Bytes payload(bytes.begin() + kHeaderSize, bytes.end());
  Check(DecodeAgain(again, header, payload) == bytes, name + ": comes back as it was");

  for (size_t size = 0; size < payload.size(); ++size) {
    Check(DecodeAgain(again, header, Bytes(payload.begin(), payload.begin() + static_cast<long>(size))).empty(),
          name + ": is refused when cut at " + std::to_string(size));
  }
  Bytes longer = payload;
  longer.push_back(0);
  Check(DecodeAgain(again, header, longer).empty(), name + ": is refused with a byte too many");

  // Whatever is altered, decoding ends in bounds.
  uint32_t random = 1;
  for (int round = 0; round < 2000 && !payload.empty(); ++round) {
    Bytes altered = payload;
    for (int change = 0; change < 1 + round % 3; ++change) {
      random = random * 1664525 + 1013904223;
      altered[(random >> 8) % altered.size()] = static_cast<uint8_t>(random >> 24);
    }
    DecodeAgain(again, header, altered);
  }
}

// What the vectors hold, told by this side from scratch.
void TestBuilt(const std::map<std::string, Bytes>& files) {
  const auto expect = [&](const char* name, const Bytes& built) {
    Check(files.at(name) == built, std::string(name) + ": is built alike");
  };
  Hello hello;
  hello.leg = 2;
  hello.process_id = 4711;
  hello.program = u"client.exe";
  hello.target = u"Understudy.Simulator.1";
  expect("hello-request", EncodeRequest(1, 5000, hello));

  AddGroup group;
  group.server = 1;
  group.group = 2;
  group.name = u"Group";
  group.active = true;
  group.update_rate_ms = 100;
  group.time_bias_minutes = -60;
  group.deadband_percent = 2.5f;
  group.locale = 0x409;
  group.keep_alive_ms = 5000;
  expect("add-group-request", EncodeRequest(5, kLongestDeadlineMs, group));

  AddItems items;
  items.server = 1;
  items.group = 2;
  items.items = {{1, true, 0, u"", u"Ramp0"}, {2, false, 8, u"COM1", u"Größe"}};
  expect("add-items-request", EncodeRequest(6, 1000, items));

  const uint64_t new_year = 134116992000000000u;
  States uniform;
  uniform.errors = {0, 0, 0};
  uniform.qualities = {192, 192, 192};
  uniform.timestamps = {new_year, new_year + 1, new_year + 2};
  ValuesWriter doubles;
  for (double value : {0.5, 1.5, 2.5}) {
    doubles.Begin(5);
    doubles.body().Number(value);
  }
  uniform.values = doubles.Finish();
  expect("read-response-uniform", EncodeResponse(Read::kType, 7, 0, uniform));

  States mixed;
  mixed.errors = {0, static_cast<int32_t>(0xC0040007)};
  mixed.qualities = {64, 0};
  mixed.timestamps = {new_year, 0};
  ValuesWriter different;
  different.Begin(3);
  different.body().Number(int32_t{42});
  different.Begin(kVarEmpty);
  mixed.values = different.Finish();
  expect("read-response-mixed", EncodeResponse(Read::kType, 8, 1, mixed));

  expect("unknown-failure",
         EncodeFailure(0x3FFF, 9, static_cast<int32_t>(0x80004001), OptionalText(u"not known here")));
  Shutdown shutdown;
  shutdown.server = 1;
  expect("shutdown", EncodeEvent(shutdown));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::map<std::string, Bytes> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    files[entry.path().stem().string()] = ReadHex(entry.path());
  }
  for (const auto& [name, bytes] : files) {
    const auto again = kVectors.find(name);
    Check(again != kVectors.end(), name + ": is known");
    if (again != kVectors.end()) TestVector(name, again->second, bytes);
  }
  Check(files.size() == kVectors.size(), "every vector has a file");
  if (failures == 0) TestBuilt(files);
  std::printf("%zu vectors, %d failed\n", files.size(), failures);
  return failures == 0 ? 0 : 1;
}
