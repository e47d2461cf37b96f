// A strict reader of DER (X.690 §10): definite, minimal lengths, low tag numbers. BER is refused, so that one value has one encoding
// and what we compare as bytes cannot differ in bytes only.
//
//   DerReader sequence(certificate_der); sequence.Next(kDerSequence) → content and whole of the outer value
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rules/base/clock.h"

namespace writ::image {

inline constexpr std::uint8_t kDerBoolean = 0x01;
inline constexpr std::uint8_t kDerInteger = 0x02;
inline constexpr std::uint8_t kDerBitString = 0x03;
inline constexpr std::uint8_t kDerOctetString = 0x04;
inline constexpr std::uint8_t kDerNull = 0x05;
inline constexpr std::uint8_t kDerOid = 0x06;
inline constexpr std::uint8_t kDerUtf8String = 0x0C;
inline constexpr std::uint8_t kDerUtcTime = 0x17;
inline constexpr std::uint8_t kDerGeneralizedTime = 0x18;
inline constexpr std::uint8_t kDerSequence = 0x30;
inline constexpr std::uint8_t kDerSet = 0x31;
// [number], constructed (explicit tags, implicit sequences) and primitive (implicit strings).
constexpr std::uint8_t DerContext(std::uint8_t number) { return static_cast<std::uint8_t>(0xA0 | number); }
constexpr std::uint8_t DerContextPrimitive(std::uint8_t number) { return static_cast<std::uint8_t>(0x80 | number); }

// One value. Views into the bytes that were read.
struct DerValue {
  std::uint8_t tag = 0;
  std::string_view content;
  std::string_view whole;  // tag and length included
};

// Walks values that follow each other. Borrows `bytes`; never reads outside them.
class DerReader {
 public:
  explicit DerReader(std::string_view bytes) : rest_(bytes) {}
  bool empty() const { return rest_.empty(); }
  // The tag of the next value, 0 at the end.
  std::uint8_t peek() const { return rest_.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(rest_.front()); }
  // The next value; empty when there is none or it is not DER. The reader stays where it was then.
  std::optional<DerValue> Next();
  // The next value if it has that tag.
  std::optional<DerValue> Next(std::uint8_t tag);

 private:
  std::string_view rest_;
};

// The value with that tag that fills `bytes` completely.
std::optional<DerValue> ReadWholeDer(std::string_view bytes, std::uint8_t tag);
// Encodes one value.
std::string EncodeDer(std::uint8_t tag, std::string_view content);
// A non-negative INTEGER's content without its leading zero; empty when negative, empty or not minimal.
std::optional<std::string_view> ReadUnsigned(const DerValue& integer);
// A small non-negative INTEGER.
std::optional<std::uint32_t> ReadSmallUnsigned(const DerValue& integer);
// A BIT STRING of whole bytes.
std::optional<std::string_view> ReadBitBytes(const DerValue& bits);
// UTCTime or GeneralizedTime ending in Z, with or without a fraction (RFC 3161 §2.4.2); saturates where nanoseconds do not reach.
std::optional<UnixNanos> ReadDerTime(const DerValue& time);
// "1.3.6.1.4.1.57264.1.8" of an OID's content, for messages.
std::string OidText(std::string_view oid);

}  // namespace writ::image
