// UriFault looks at a URI part by part; NormalUri repairs what can be repaired and asks UriFault again; folding works on sequences of
// units, which are bytes of a URI, or bytes and stars of a pattern. Hosts are uri_host.cc.
// Source: RFC 3986, sections 2, 3 and 6.2.2; the WHATWG URL standard, "URL parsing" and "percent-encode sets".
#include "rules/model/resource_uri.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "rules/base/utf8.h"
#include "rules/index/glob.h"
#include "rules/model/uri_parts.h"

namespace writ {
namespace {

using Fault = std::string_view;

// ---- checking --------------------------------------------------------------------------------------------------------

Fault ByteFault(std::string_view uri) {
  for (const char c : uri) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == ' ') return "holds a blank";
    if (byte < ' ' || byte == 0x7F) return "holds a control character";
    if (byte > 0x7F) return "holds a character that is not ASCII";
    if (c == '\\') return "holds a `\\`";
    if (c == '#') return "has a fragment";
    if (c == '{' || c == '}') return "is a template, which is never read";
    if (std::string_view("\"<>^`|").find(c) != std::string_view::npos) return "holds a character that must be percent-encoded";
  }
  return {};
}

bool IsScheme(std::string_view scheme) {
  for (const char c : scheme) {
    if (!IsLower(c) && !IsUpper(c) && !IsDigit(c) && c != '+' && c != '-' && c != '.') return false;
  }
  return !scheme.empty() && (IsLower(scheme[0]) || IsUpper(scheme[0]));
}

bool HasCapital(std::string_view text) {
  for (const char c : text) {
    if (IsUpper(c)) return true;
  }
  return false;
}

// Takes the next character of `text`, with every escape in it resolved: `%252F` gives '/'. `escapes` counts the layers, `is_valid` says
// that no `%` stood alone. Escapes whose digits are encoded themselves (`%%32%46`) hold a `%` that stands alone.
struct Decoded {
  unsigned char byte = 0;
  int escapes = 0;
  bool is_valid = true;
};
Decoded TakeDecoded(std::string_view& text) {
  Decoded decoded{.byte = static_cast<unsigned char>(text[0])};
  text.remove_prefix(1);
  while (decoded.byte == '%') {
    if (text.size() < 2 || HexDigit(text[0]) < 0 || HexDigit(text[1]) < 0) {
      decoded.is_valid = decoded.escapes > 0;  // `%25` followed by no digits is a percent sign
      return decoded;
    }
    decoded.byte = static_cast<unsigned char>(HexDigit(text[0]) * 16 + HexDigit(text[1]));
    ++decoded.escapes;
    text.remove_prefix(2);
  }
  return decoded;
}

Fault EscapeFault(std::string_view text) {
  std::string bytes;  // beyond ASCII, of escapes that follow each other
  bool is_utf8 = true;
  while (!text.empty() && is_utf8) {
    const std::string_view at = text;
    const Decoded decoded = TakeDecoded(text);
    if (!decoded.is_valid) return "has a `%` that begins no escape";
    if (decoded.byte > 0x7F) {
      bytes += static_cast<char>(decoded.byte);
    } else {
      is_utf8 = bytes.empty() || IsValidUtf8(bytes);
      bytes.clear();
    }
    if (decoded.escapes == 0) continue;
    for (const char c : at.substr(1, at.size() - text.size() - 1)) {
      if (c >= 'a' && c <= 'f') return "has an escape in lower case";
    }
    if (decoded.byte < ' ' || decoded.byte == 0x7F) return "has an encoded control character";
    if (IsUnreserved(static_cast<char>(decoded.byte))) return "has an encoded character that needs no encoding";
    if (decoded.escapes > 1) return "is encoded twice";
  }
  return is_utf8 && (bytes.empty() || IsValidUtf8(bytes)) ? "" : "has encoded bytes that are not UTF-8";
}

// A segment is `.` or `..` whatever separates it: `/`, and encoded `/` and `\`. Servers that know parameters of segments cut them off
// first: `..;x`. Requires: no encoded dots.
Fault SegmentFault(std::string_view path) {
  std::size_t dots = 0;                   // at the beginning of the segment
  bool only_dots = true, is_cut = false;  // is_cut: behind a `;`
  const auto is_climbing = [&] { return only_dots && (dots == 1 || dots == 2); };
  while (!path.empty()) {
    const unsigned char byte = TakeDecoded(path).byte;
    if (byte == '/' || byte == '\\') {
      if (is_climbing()) break;
      dots = 0;
      only_dots = true;
      is_cut = false;
    } else if (byte == ';') {
      is_cut = true;
    } else if (byte == '.' && only_dots && !is_cut) {
      ++dots;
    } else if (!is_cut) {
      only_dots = false;
    }
  }
  return is_climbing() ? "has a dot segment" : "";
}

// A parser drops an empty user and an empty password, and encodes a second `:` and what is not in kPlain.
Fault UserFault(std::string_view user) {
  constexpr std::string_view kPlain = "!$&'()*+,%";
  const std::size_t colon = user.find(':');
  if (colon == 0 || user.empty() || colon == user.size() - 1) return "has an empty user or password";
  for (std::size_t i = 0; i < user.size(); ++i) {
    if (i != colon && !IsUnreserved(user[i]) && kPlain.find(user[i]) == std::string_view::npos)
      return "has user information with a character that must be percent-encoded";
  }
  return {};
}

Fault PortFault(std::string_view port, std::string_view scheme) {
  if (port.empty()) return "has an empty port";
  unsigned value = 0;
  for (const char c : port) {
    if (!IsDigit(c) || port.size() > 5 || port[0] == '0') return "has a port that is not a plain number";
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  if (value > 0xFFFF) return "has a port that is not a plain number";
  return port == DefaultPort(scheme) ? "names the default port" : "";
}

Fault AuthorityFault(std::string_view authority, std::string_view scheme) {
  const AuthorityParts parts = SplitAuthority(authority);
  if (parts.has_user) {
    if (const Fault fault = UserFault(parts.user); !fault.empty()) return fault;
  }
  if (parts.host.empty()) return authority.empty() ? "" : "has user information or a port without a host";
  if (const Fault fault = HostFault(parts.host, IsSpecialScheme(scheme)); !fault.empty()) return fault;
  return parts.has_port ? PortFault(parts.port, scheme) : "";
}

// `file:///C:/x` has a drive; other segments with a `:` in its place are read as drives by some.
Fault FileFault(const UriParts& parts) {
  if (!parts.has_authority) return "has no `//` behind its scheme";
  if (parts.authority == "localhost") return "names `localhost`";
  if (parts.authority.find_first_of("@:") != std::string_view::npos) return "has user information or a port";
  if (parts.path.empty()) return "has no path";
  if (parts.path.starts_with("//")) return "has a path that begins with `//`";
  const std::string_view first = parts.path.substr(1, parts.path.find('/', 1) - 1);
  if (first.find(':') == std::string_view::npos) return {};
  const bool is_drive = first.size() == 2 && (IsLower(first[0]) || IsUpper(first[0])) && first[1] == ':' && parts.authority.empty();
  return is_drive ? "" : "has a `:` where a drive stands";
}

Fault SpecialFault(const UriParts& parts) {
  if (parts.query.find('\'') != std::string_view::npos) return "has a `'` in its query";
  if (parts.scheme == "file") return FileFault(parts);
  if (!parts.has_authority || parts.authority.empty()) return "has no host";
  return parts.path.empty() ? "has no path" : "";
}

// Brackets stand around hosts only.
bool HasBracket(std::string_view text) { return text.find_first_of("[]") != std::string_view::npos; }

// ---- repairing -------------------------------------------------------------------------------------------------------

void AppendEscape(unsigned char byte, std::string& out) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  out += '%';
  out += kDigits[byte >> 4U];
  out += kDigits[byte & 0xFU];
}

// `text` with unreserved characters bare, everything else that is no part of URIs or in `encoded` as escapes. Escapes of escapes are
// taken away, but for those that stand for a percent sign.
std::string Reencode(std::string_view text, std::string_view encoded) {
  constexpr std::string_view kDelimiters = "!$&'()*+,;=:@/?";
  std::string out;
  while (!text.empty()) {
    const Decoded decoded = TakeDecoded(text);
    const char c = static_cast<char>(decoded.byte);
    const bool is_bare = decoded.escapes == 0 && kDelimiters.find(c) != std::string_view::npos && encoded.find(c) == std::string_view::npos;
    if (is_bare || IsUnreserved(c)) {
      out += c;
    } else {
      AppendEscape(decoded.byte, out);
    }
  }
  return out;
}

// The path without `.` and `..`. Requires: no encoded dots.
std::string WithoutDotSegments(std::string_view path) {
  std::vector<std::string_view> kept;
  const bool is_rooted = path.starts_with('/');
  if (is_rooted) path.remove_prefix(1);
  for (bool more = true; more;) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    more = slash != std::string_view::npos;
    if (more) path.remove_prefix(slash + 1);
    const bool is_dot = segment == "." || segment == "..";
    if (segment == ".." && !kept.empty()) kept.pop_back();
    if (!is_dot) kept.push_back(segment);
    if (is_dot && !more) kept.emplace_back();
  }
  std::string out;
  for (std::size_t i = 0; i < kept.size(); ++i) out.append(i > 0 || is_rooted ? "/" : "").append(kept[i]);
  return out;
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = ToLower(c);
  return lower;
}

std::string RepairAuthority(std::string_view authority, std::string_view scheme) {
  const AuthorityParts parts = SplitAuthority(authority);
  std::string host(parts.host);
  if (IsSpecialScheme(scheme)) host = LowerCase(host.find('[') == std::string::npos ? Reencode(host, "") : host);
  if (host.ends_with('.')) host.pop_back();
  if (scheme == "file") return host == "localhost" ? "" : host;
  std::string_view port = parts.port;
  while (port.size() > 1 && port[0] == '0') port.remove_prefix(1);
  if (!port.empty() && port != DefaultPort(scheme)) host.append(":").append(port);
  return host;
}

// What parsers drop before they look: controls and blanks around, tabs and ends of lines anywhere.
std::string WithoutDropped(std::string_view uri) {
  while (!uri.empty() && static_cast<unsigned char>(uri.front()) <= ' ') uri.remove_prefix(1);
  while (!uri.empty() && static_cast<unsigned char>(uri.back()) <= ' ') uri.remove_suffix(1);
  std::string out;
  for (const char c : uri) {
    if (c != '\t' && c != '\n' && c != '\r') out += c;
  }
  return out;
}

// ---- folding ---------------------------------------------------------------------------------------------------------

// Units of a pattern beyond its bytes.
constexpr std::uint16_t kStar = 0x100, kDoubleStar = 0x101;

// A sequence of units that is read and written in place: what is written is never longer than what was read.
template <typename Unit>
struct Units {
  Unit* data;
  std::size_t size;

  bool Is(std::size_t at, char c) const { return at < size && data[at] == static_cast<unsigned char>(c); }
  bool IsDoubleStar(std::size_t at) const { return sizeof(Unit) > 1 && data[at] == kDoubleStar; }
  std::size_t Find(char c, std::size_t from) const {
    while (from < size && !Is(from, c)) ++from;
    return from;
  }
};

// Where the authority begins, behind `scheme://`; 0 when there is none.
template <typename Unit>
std::size_t AuthorityBegin(const Units<Unit>& text) {
  const std::size_t slash = text.Find('/', 0);
  return slash > 0 && text.Is(slash - 1, ':') && text.Is(slash + 1, '/') ? slash + 2 : 0;
}

template <typename Unit>
bool IsFileScheme(const Units<Unit>& text, std::size_t authority) {
  constexpr std::string_view kPrefix = "file://";
  if (authority != kPrefix.size()) return false;
  for (std::size_t i = 0; i < kPrefix.size(); ++i) {
    if (!text.Is(i, kPrefix[i])) return false;
  }
  return true;
}

// Up to the first `/` or `**`: what a `**` may reach is no host any more.
template <typename Unit>
void LowerUnits(const Units<Unit>& text, std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < end && !text.Is(i, '/') && !text.IsDoubleStar(i); ++i) {
    if (text.data[i] < 0x80) text.data[i] = static_cast<Unit>(static_cast<unsigned char>(ToLower(static_cast<char>(text.data[i]))));
  }
}

// Appends `unit` behind `end` and takes away the escape that it may complete, and the one that this completes, and so on. Two escapes
// never overlap, so the order does not matter: this is what decoding again and again comes to. `begin` bounds what may be taken away.
template <typename Unit>
void AppendDecoded(Unit unit, const Units<Unit>& text, std::size_t begin, std::size_t& end) {
  text.data[end++] = unit;
  while (end - begin >= 3 && text.Is(end - 3, '%')) {
    const int high = HexDigit(text.data[end - 2]), low = HexDigit(text.data[end - 1]);
    if (high < 0 || low < 0) return;
    end -= 2;
    text.data[end - 1] = static_cast<Unit>(high * 16 + low);
  }
}

// Turns `\` into `/` and runs of `/` into one, in [begin, end). Returns the new end.
template <typename Unit>
std::size_t JoinSlashes(const Units<Unit>& text, std::size_t begin, std::size_t end) {
  std::size_t out = begin;
  for (std::size_t i = begin; i < end; ++i) {
    const Unit unit = text.Is(i, '\\') ? static_cast<Unit>('/') : text.data[i];
    if (unit == static_cast<Unit>('/') && out > begin && text.Is(out - 1, '/')) continue;
    text.data[out++] = unit;
  }
  return out;
}

// Decodes the authority [begin, end) and leaves its host and port there; of files nothing but what a `**` may reach. Returns the new end.
template <typename Unit>
std::size_t FoldAuthority(const Units<Unit>& text, std::size_t begin, std::size_t end, bool is_file) {
  std::size_t decoded = begin, from = begin, out = begin;
  for (std::size_t i = begin; i < end; ++i) AppendDecoded(text.data[i], text, begin, decoded);
  for (std::size_t i = begin; i < decoded; ++i) {
    if (text.Is(i, '@')) from = i + 1;
  }
  while (is_file && from < decoded && !text.IsDoubleStar(from)) ++from;
  while (from < decoded) text.data[out++] = text.data[from++];
  LowerUnits(text, begin, out);
  return out;
}

template <typename Unit>
std::size_t Fold(const Units<Unit>& text) {
  const std::size_t begin = AuthorityBegin(text);
  const bool is_file = IsFileScheme(text, begin);
  const std::size_t end = begin == 0 ? 0 : std::min(text.Find('/', begin), text.Find('?', begin));
  LowerUnits(text, 0, begin);
  std::size_t at = end, out = FoldAuthority(text, begin, end, is_file);
  const std::size_t path = out, query = text.Find('?', at);
  for (; at < query; ++at) AppendDecoded(text.data[at], text, path, out);
  out = JoinSlashes(text, begin, out);
  if (is_file) return out;
  for (const std::size_t kept = out; at < text.size; ++at) AppendDecoded(text.data[at], text, kept, out);
  return out;
}

}  // namespace

std::string_view UriFault(std::string_view uri) {
  const UriParts parts = SplitUri(uri);
  if (const Fault fault = ByteFault(uri); !fault.empty()) return fault;
  if (!parts.has_scheme || !IsScheme(parts.scheme)) return "is not an absolute URI";
  if (HasCapital(parts.scheme)) return "has a scheme in capitals";
  if (const Fault fault = EscapeFault(uri); !fault.empty()) return fault;
  if (const Fault fault = SegmentFault(parts.path); !fault.empty()) return fault;
  if (HasBracket(parts.path) || HasBracket(parts.query)) return "holds a character that must be percent-encoded";
  if (const Fault fault = AuthorityFault(parts.authority, parts.scheme); !fault.empty()) return fault;
  if (parts.has_query && parts.query.empty()) return "has an empty query";
  return IsSpecialScheme(parts.scheme) ? SpecialFault(parts) : "";
}

std::string NormalUri(std::string_view uri) {
  const std::string text = WithoutDropped(uri);
  UriParts parts = SplitUri(text);
  const std::string scheme = LowerCase(parts.scheme);
  const bool is_special = IsSpecialScheme(scheme);
  std::string slashed = text;
  if (is_special) {
    for (char& c : slashed) c = c == '\\' ? '/' : c;
    parts = SplitUri(slashed);
  }
  const bool is_template = text.find_first_of("{}") != std::string::npos;
  const AuthorityParts authority = SplitAuthority(parts.authority);
  if (!parts.has_scheme || is_template || authority.has_user || (scheme == "file" && authority.has_port)) return {};
  std::string path = WithoutDotSegments(Reencode(parts.path, ""));
  if (scheme == "file") path.erase(0, std::min(path.find_first_not_of('/'), path.size()));
  if (is_special && !path.starts_with('/')) path.insert(0, "/");
  if (!parts.has_authority && path.starts_with("//")) return {};
  std::string normal = scheme + ":";
  if (parts.has_authority || scheme == "file") normal.append("//").append(RepairAuthority(parts.authority, scheme));
  normal += path;
  if (!parts.query.empty()) normal.append("?").append(Reencode(parts.query, is_special ? "'" : ""));
  return UriFault(normal).empty() ? normal : std::string();
}

std::size_t FoldUri(std::string_view uri, char* out) {
  uri.copy(out, uri.size());
  return Fold(Units<unsigned char>{reinterpret_cast<unsigned char*>(out), uri.size()});  // bytes of a text as numbers
}

std::string FoldPattern(std::string_view pattern) {
  std::vector<std::uint16_t> units;
  GlobReader reader(pattern);
  for (GlobToken token; reader.Next(token);) {
    switch (token.kind) {
      case GlobToken::Kind::kByte: units.push_back(static_cast<unsigned char>(token.byte)); break;
      case GlobToken::Kind::kStar: units.push_back(kStar); break;
      case GlobToken::Kind::kDoubleStar: units.push_back(kDoubleStar); break;
      case GlobToken::Kind::kFolders:
        units.push_back(kDoubleStar);
        units.push_back('/');
        break;
    }
  }
  units.resize(Fold(Units<std::uint16_t>{units.data(), units.size()}));
  std::string folded;
  for (const std::uint16_t unit : units) {
    if (unit == kStar || unit == kDoubleStar) {
      folded += unit == kStar ? "*" : "**";
    } else {
      if (unit == '*' || unit == '\\') folded += '\\';
      folded += static_cast<char>(unit);
    }
  }
  return folded;
}

std::string_view WithoutSlashAtEnd(std::string_view folded) { return folded.ends_with('/') ? folded.substr(0, folded.size() - 1) : folded; }

}  // namespace writ
