// Writing and loading bundles: header, envelope, table of sections, sections;
// docs/bundle_format.md.
#include "rules/bundle/bundle.h"

#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <utility>

#include "rules/base/check.h"
#include "rules/base/digest.h"
#include "rules/base/encoding.h"
#include "rules/bundle/names.h"

namespace writ {
namespace {

static_assert(std::endian::native == std::endian::little, "sections are used where they lie");

constexpr std::string_view kMagic = "\x89WRITB\r\n";
// Written, and oldest that is read. A reader of version N + 1 reads N too: sections that N + 1 did
// not change are read as ever, and a changed one gets a new number and is made from the old one.
constexpr std::uint32_t kVersion = 6;
constexpr std::uint32_t kOldestVersion = 6;
constexpr std::size_t kDigestBytes = 32;
constexpr std::size_t kAlignment = 8;

struct Header {
  char magic[8];
  std::uint32_t version;
  std::uint32_t envelope_bytes;
  std::uint64_t body_bytes;
  char digest[kDigestBytes];  // of the body
  std::uint64_t unused;
};
static_assert(sizeof(Header) == 64);

// The body begins with a number of sections and as many of these, by number; then come the
// sections, each at the next multiple of kAlignment.
struct Section {
  std::uint32_t number;
  std::uint32_t flags;
  std::uint64_t offset;  // in the body
  std::uint64_t bytes;
};
static_assert(sizeof(Section) == 24);
constexpr std::uint32_t kRequired = 1;                               // who does not know the section refuses the bundle
constexpr std::uint32_t kPlacesSection = 34, kRuleKeysSection = 37;  // optional: no effect needs them
constexpr std::uint32_t kNamesSection = 1000;

constexpr std::size_t Aligned(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

Error Corrupt(const std::string& message) { return {ErrorCode::kCorrupt, message}; }

// ---- writing ---------------------------------------------------------------------------------------------------------

class BodyWriter {
 public:
  template <typename Record>
  void Add(std::uint32_t number, std::span<const Record> pool, NameWriter& names) {
    std::vector<Record> written(pool.begin(), pool.end());
    for (Record& record : written) {
      ForEachDependentField(record, OnlyNamed<NameWriter>{names});
      ForEachField(record, OnlyNamed<NameWriter>{names});
    }
    Add(number, {reinterpret_cast<const char*>(written.data()), written.size() * sizeof(Record)});
  }

  // Empty sections are left out.
  void Add(std::uint32_t number, std::string_view bytes) {
    if (bytes.empty()) return;
    const bool is_optional = number == kPlacesSection || number == kRuleKeysSection;
    sections_.push_back({number, is_optional ? 0 : kRequired, contents_.size(), bytes.size()});
    contents_ += bytes;
    contents_.resize(Aligned(contents_.size()), '\0');
  }

  std::string Finish() {
    const std::uint64_t count = sections_.size();
    for (Section& section : sections_) section.offset += sizeof(count) + count * sizeof(Section);
    std::string body(reinterpret_cast<const char*>(&count), sizeof(count));
    body.append(reinterpret_cast<const char*>(sections_.data()), sections_.size() * sizeof(Section));
    return body + contents_;
  }

 private:
  std::vector<Section> sections_;
  std::string contents_;
};

// ---- reading ---------------------------------------------------------------------------------------------------------

// Checks the header against the bytes and returns it.
Result<Header> ReadHeader(std::string_view bytes, const BundleLimits& limits) {
  if (bytes.size() > limits.max_bytes) {
    return Error{ErrorCode::kTooLarge,
                 "the bundle has " + std::to_string(bytes.size()) + " bytes, more than the limit of " + std::to_string(limits.max_bytes)};
  }
  if (bytes.empty()) return Corrupt("the bundle is empty");
  const std::string_view magic = bytes.substr(0, kMagic.size());
  if (magic != kMagic.substr(0, magic.size())) return Corrupt("this is not a bundle: it does not begin with the bytes of one");
  Header header{};
  std::memcpy(&header, bytes.data(), std::min(bytes.size(), sizeof(header)));
  // Older versions had a shorter header, with the version in the same place.
  if (bytes.size() >= offsetof(Header, envelope_bytes) && (header.version < kOldestVersion || header.version > kVersion)) {
    const std::string advice = header.version < kOldestVersion ? "compile the policies again" : "it takes a newer writ";
    return Error{ErrorCode::kVersionUnknown, "the bundle has format version " + std::to_string(header.version) +
                                                 ", this program reads version " + std::to_string(kVersion) + ": " + advice};
  }
  if (bytes.size() < sizeof(Header))
    return Corrupt("the bundle is cut off inside its header, after " + std::to_string(bytes.size()) + " bytes");
  if (header.unused != 0) return Corrupt("the bundle's header is damaged");
  if (header.envelope_bytes > kMaxEnvelopeBytes) return Corrupt("the bundle's envelope is too large");
  const std::size_t behind = bytes.size() - sizeof(Header), envelope = Aligned(header.envelope_bytes);
  if (behind < envelope || header.body_bytes != behind - envelope) {
    return Corrupt("the bundle should have " + std::to_string(header.body_bytes) + " bytes after its envelope, found " +
                   std::to_string(behind < envelope ? 0 : behind - envelope));
  }
  return header;
}

template <typename Record>
using OpenPool = std::span<Record>;

// Finds the sections in a body, which begins at a multiple of kAlignment, and puts members in the
// place of the file's numbers.
class BodyReader {
 public:
  explicit BodyReader(std::span<char> body) : body_(body) {}

  Status Read() {
    std::uint64_t count = 0;
    if (body_.size() < sizeof(count)) return Corrupt("the bundle has no table of sections");
    std::memcpy(&count, body_.data(), sizeof(count));
    if (count > (body_.size() - sizeof(count)) / sizeof(Section)) return Corrupt("the bundle's table of sections is cut off");
    end_ = sizeof(count) + count * sizeof(Section);
    for (std::uint64_t i = 0; i < count; ++i) {
      Section section{};
      std::memcpy(&section, body_.data() + sizeof(count) + i * sizeof(Section), sizeof(section));
      WRIT_RETURN_IF_ERROR(ReadSection(section));
    }
    if (end_ != body_.size()) return Corrupt("the bundle has bytes behind its last section");
    return ReadNames();
  }

  // What was read.
  Pools<ConstPool> pools() const {
    Pools<ConstPool> pools;
#define WRIT_CONST(number, name, Record, what) pools.name = pools_.name;
    WRIT_POOLS(WRIT_CONST)
#undef WRIT_CONST
    return pools;
  }

 private:
  // Sections stand in the order of their numbers, one behind the other: there is one way to write a
  // program.
  Status ReadSection(const Section& section) {
    const std::string name = "the bundle's section " + std::to_string(section.number);
    if (section.number <= last_number_ || section.flags > kRequired) return Corrupt(name + " is not where it has to be");
    if (section.offset != end_ || section.bytes > body_.size() - end_ || Aligned(section.bytes) > body_.size() - end_)
      return Corrupt(name + " does not lie behind the one before");
    const std::span<char> bytes = body_.subspan(end_, section.bytes);
    last_number_ = section.number;
    end_ += Aligned(section.bytes);
    for (std::size_t i = section.offset + section.bytes; i < end_; ++i) {
      if (body_[i] != 0) return Corrupt(name + " has bytes behind its end");
    }
    switch (section.number) {
#define WRIT_READ(number, name, Record, what) \
  case number: return Take(bytes, pools_.name) ? OkStatus() : Corrupt("the bundle has a " what " that is cut off");
      WRIT_POOLS(WRIT_READ)
#undef WRIT_READ
      case kNamesSection: names_ = {bytes.data(), bytes.size()}; return OkStatus();
      default: break;
    }
    if ((section.flags & kRequired) == 0) return OkStatus();
    return Error{ErrorCode::kVersionUnknown,
                 "the bundle has a section " + std::to_string(section.number) + ", which this version of writ does not know"};
  }

  // SAFETY: the body is aligned for every record (program.h), and records are plain data.
  template <typename Record>
  static bool Take(std::span<char> bytes, std::span<Record>& pool) {
    if (bytes.size() % sizeof(Record) != 0) return false;
    pool = {reinterpret_cast<Record*>(bytes.data()), bytes.size() / sizeof(Record)};
    return true;
  }

  Status ReadNames() {
    Result<NameReader> names = NameReader::Read(names_);
    if (!names) return names.error();
#define WRIT_RENUMBER(number, name, Record, what) Renumber(pools_.name, *names);
    WRIT_POOLS(WRIT_RENUMBER)
#undef WRIT_RENUMBER
    return names->is_good() ? OkStatus() : Corrupt("the bundle uses a number that its names do not list");
  }
  template <typename Record>
  static void Renumber(std::span<Record> pool, NameReader& names) {
    for (Record& record : pool) {
      ForEachField(record, OnlyNamed<NameReader>{names});
      if (!names.is_good()) return;
      ForEachDependentField(record, OnlyNamed<NameReader>{names});
    }
  }

  std::span<char> body_;
  Pools<OpenPool> pools_;
  std::string_view names_;
  std::uint32_t last_number_ = 0;
  std::size_t end_ = 0;  // of the sections read so far, aligned
};

}  // namespace

std::string WriteBundle(const Program& program, const Envelope& envelope) {
  BodyWriter writer;
  NameWriter names;
#define WRIT_WRITE(number, name, Record, what) writer.Add(number, program.name, names);
  WRIT_POOLS(WRIT_WRITE)
#undef WRIT_WRITE
  writer.Add(kNamesSection, names.section());
  const std::string body = writer.Finish();
  Result<std::string> encoded = EncodeEnvelope(envelope);
  WRIT_CHECK(encoded);
  Header header{};
  std::memcpy(header.magic, kMagic.data(), kMagic.size());
  header.version = kVersion;
  header.envelope_bytes = static_cast<std::uint32_t>(encoded->size());
  header.body_bytes = body.size();
  std::memcpy(header.digest, Sha256(body).data(), kDigestBytes);
  encoded->resize(Aligned(encoded->size()), '\0');
  return std::string(reinterpret_cast<const char*>(&header), sizeof(header)) + *encoded + body;
}

bool LooksLikeBundle(std::string_view bytes) { return bytes.starts_with(kMagic); }

Result<Bundle> LoadBundle(std::string bytes, const BundleLimits& limits) {
  const Result<Header> header = ReadHeader(bytes, limits);
  if (!header) return header.error();
  const auto owner = std::make_shared<std::string>(std::move(bytes));
  Result<Envelope> envelope = DecodeEnvelope({owner->data() + sizeof(Header), header->envelope_bytes});
  if (!envelope) return envelope.error();
  const std::span<char> body = std::span(*owner).last(header->body_bytes);
  // operator new aligns what is this long.
  WRIT_CHECK(reinterpret_cast<std::uintptr_t>(body.data()) % kAlignment == 0);
  const std::string_view digest(header->digest, kDigestBytes);
  if (Sha256({body.data(), body.size()}) != digest)
    return Corrupt("the bundle's SHA-256 does not fit its contents: it was changed or damaged");
  BodyReader reader(body);
  if (const Status read = reader.Read(); !read) return read.error();
  Result<VerifiedProgram> verified = VerifyProgram(Program(reader.pools(), owner), limits);
  if (!verified) return verified.error();
  return Bundle{*std::move(verified), "sha256:" + EncodeHex(digest), *std::move(envelope)};
}

}  // namespace writ
