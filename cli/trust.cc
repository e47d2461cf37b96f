// `writ trust show|check`: what a trust root trusts, and whether it can be used.
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/input.h"
#include "webhook/image/trust/encoding.h"
#include "webhook/image/trust/trust_root.h"

namespace writ::cli {
namespace {

using Json = nlohmann::ordered_json;

Result<image::TrustRootPtr> ReadTrustRoot(const std::string& path) {
  const Result<Input> file = ReadFile(path);
  if (!file) return file.error();
  if (file->text.find("-----BEGIN CERTIFICATE-----") != std::string::npos && file->text.find('{') == std::string::npos)
    return image::ParsePemTrust({.name = path, .ca_certificates = file->text});
  return image::ParseTrustRoot(path, file->text);
}

// The root of a file that is to be used: one that trusts nobody makes no signature good, and is not what was meant.
Result<image::TrustRootPtr> ReadUsableRoot(const std::string& path) {
  Result<image::TrustRootPtr> root = ReadTrustRoot(path);
  if (!root) return root;
  const image::TrustRoot& found = **root;
  const std::size_t usable =
      found.certificate_authorities.size() + found.logs.size() + found.ct_logs.size() + found.timestamp_authorities.size();
  if (usable > 0) return root;
  std::string problem = "it names no CA, log or timestamp authority that can be used, so no signature is good by it";
  for (const std::string& note : found.notes) problem += "; " + note;
  return Error{ErrorCode::kInvalidArgument, "trust root `" + path + "`: " + problem};
}

// One trusted party: what it is, its name, its key or certificates, when it counts.
struct Entry {
  std::string_view kind;
  std::string name, detail;
  image::TimeWindow window;
};

std::vector<Entry> EntriesOf(const image::TrustRoot& root) {
  std::vector<Entry> entries;
  for (const image::Authority& ca : root.certificate_authorities)
    entries.push_back({"certificate authority", ca.name, std::to_string(ca.chain.size()) + " certificates", ca.window});
  for (const image::TransparencyLog& log : root.logs)
    entries.push_back({"transparency log", log.base_url, std::string(image::KeyKindName(log.key.kind())), log.window});
  for (const image::TransparencyLog& log : root.ct_logs)
    entries.push_back({"certificate log", log.base_url, std::string(image::KeyKindName(log.key.kind())), log.window});
  for (const image::TimestampAuthority& authority : root.timestamp_authorities) {
    const std::string detail = authority.signer != nullptr ? std::string(image::KeyKindName(authority.signer->key.kind())) : "by its CA";
    entries.push_back({"timestamp authority", authority.name, detail, authority.window});
  }
  return entries;
}

Json RootJson(const image::TrustRoot& root) {
  Json entries = Json::array();
  for (const Entry& entry : EntriesOf(root))
    entries.push_back({{"kind", entry.kind}, {"name", entry.name}, {"detail", entry.detail}, {"valid", image::WindowText(entry.window)}});
  return {{"file", root.name}, {"digest", root.id}, {"ownPki", root.is_own_pki}, {"entries", std::move(entries)}, {"unusable", root.notes}};
}

void PrintRoot(const image::TrustRoot& root, const Console& console) {
  console.out << Printable(root.name) << " " << root.id << "\n";
  for (const Entry& entry : EntriesOf(root)) {
    console.out << "  " << entry.kind << std::string(23 - entry.kind.size(), ' ') << Printable(entry.name) << " (" << entry.detail << "), "
                << image::WindowText(entry.window) << "\n";
  }
  for (const std::string& note : root.notes) console.out << "  not usable: " << Printable(note) << "\n";
}

Json CheckJson(const image::TrustRoot& root) { return {{"file", root.name}, {"ok", true}, {"digest", root.id}, {"unusable", root.notes}}; }

void PrintCheck(const image::TrustRoot& root, const Console& console) {
  console.out << Printable(root.name) << ": ok, " << root.id << "\n";
  for (const std::string& note : root.notes) console.out << "  warning: not usable: " << Printable(note) << "\n";
}

// How one command tells about a root.
struct Teller {
  Result<image::TrustRootPtr> (*read)(const std::string& path);
  Json (*json)(const image::TrustRoot&);
  void (*print)(const image::TrustRoot&, const Console&);
  bool lists_unread = false;  // a file that is none becomes an entry of the JSON, too
};

// Reads each file and tells about it.
ExitCode TellAll(const TrustOptions& options, const Console& console, const Teller& teller) {
  ExitCode code = ExitCode::kOk;
  Json roots = Json::array();
  for (const std::string& path : options.paths) {
    const Result<image::TrustRootPtr> root = teller.read(path);
    if (!root) {
      PrintError(console, root.error().message);
      code = ExitCode::kBadInput;
      if (teller.lists_unread) roots.push_back({{"file", path}, {"ok", false}, {"error", root.error().message}});
    } else if (options.format == Format::kJson) {
      roots.push_back(teller.json(**root));
    } else {
      teller.print(**root, console);
    }
  }
  if (options.format == Format::kJson) console.out << PrintableJson(roots.dump(2, ' ', false, Json::error_handler_t::replace)) << "\n";
  return code;
}

}  // namespace

ExitCode RunTrustShow(const TrustOptions& options, const Console& console) {
  return TellAll(options, console, {.read = ReadTrustRoot, .json = RootJson, .print = PrintRoot});
}

ExitCode RunTrustCheck(const TrustOptions& options, const Console& console) {
  return TellAll(options, console, {.read = ReadUsableRoot, .json = CheckJson, .print = PrintCheck, .lists_unread = true});
}

}  // namespace writ::cli
