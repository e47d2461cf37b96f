// Signers from a program and the files that it names.
#include "webhook/image/facts/signer_set.h"

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string_view>
#include <utility>

#include "rules/base/check.h"
#include "rules/base/digest.h"
#include "webhook/image/reference/text.h"
#include "webhook/image/trust/certificate.h"
#include "webhook/image/verify/judge.h"

namespace writ::image {
namespace {

void Mark(std::span<const SignerTerm> terms, std::vector<bool>& marked) {
  for (const SignerTerm& term : terms) {
    if (term.kind == SignerTerm::Kind::kSigner) marked[term.signer.index] = true;
  }
}

// Appends a part so that no two lists of parts give one text.
void AddPart(std::string& to, std::string_view part) { to.append(std::to_string(part.size())).append(":").append(part); }

std::string FingerprintOf(const LoadedSigner& loaded) {
  const SignerOptions& options = loaded.signer.options;
  std::string text;
  AddPart(text, loaded.signer.key ? loaded.signer.key->spki() : "");
  AddPart(text, loaded.signer.identity ? loaded.signer.identity->issuer : "");
  AddPart(text, loaded.signer.identity ? loaded.signer.identity->subject : "");
  AddPart(text, loaded.signer.identity && loaded.signer.identity->subject_is_glob ? "glob" : "");
  AddPart(text, loaded.signer.trust_root ? loaded.signer.trust_root->id : "");
  AddPart(text, loaded.signer.trust_root && loaded.signer.trust_root->is_own_pki ? "own" : "");
  AddPart(text, std::to_string(static_cast<int>(options.log)));
  AddPart(text, std::to_string(static_cast<int>(options.timestamp)));
  AddPart(text, std::to_string(static_cast<int>(options.sct)));
  AddPart(text, options.signature_hash ? HashName(*options.signature_hash) : "");
  AddPart(text, std::to_string(static_cast<int>(loaded.platforms)));
  AddPart(text, loaded.repository ? loaded.repository->Name() : "");
  AddPart(text, loaded.tag_prefix);
  for (const auto* pairs : {&options.annotations, &options.certificate_extensions}) {
    AddPart(text, std::to_string(pairs->size()));
    for (const auto& [name, value] : *pairs) {
      AddPart(text, name);
      AddPart(text, value);
    }
  }
  return DigestOf(text);
}

class Loader {
 public:
  Loader(const Program& program, const SignerFiles& files) : program_(program), files_(files) {}

  Result<LoadedSigner> Load(const writ::Signer& from) {
    LoadedSigner to;
    to.signer.name = program_[from.name];
    Status done = LoadTrust(from, to);
    if (done) done = LoadWho(from, to);
    for (const SignerOption& option : program_[from.options]) {
      if (done) done = SetOption(option, to);
    }
    if (done) {
      if (const std::optional<std::string> fault = FindSignerFault(to.signer)) done = Bad(*fault);
    }
    if (!done) return Error{done.error().code, "signer `" + to.signer.name + "`" + Place(from) + ": " + done.error().message};
    to.fingerprint = FingerprintOf(to);
    return to;
  }

  Error CountedTwice(SignerId first, SignerId second) const {
    const writ::Signer &one = program_[first], &two = program_[second];
    return Bad("signer `" + Text(two.name) + "`" + Place(two) + ": is the same as `" + Text(one.name) + "`" + Place(one) +
               ", and a rule wants both: one signature would count as two");
  }

 private:
  static Error Bad(std::string message) { return Error{ErrorCode::kInvalidArgument, std::move(message)}; }

  std::string Text(TextId text) const { return std::string(program_[text]); }

  // "" = it is not known.
  std::string FileOf(const writ::Signer& signer) const {
    const FileId file = signer.location.file;
    return file.valid() ? Text(program_[file].name) : "";
  }
  // " (policies/images.writ:3)".
  std::string Place(const writ::Signer& signer) const {
    const std::string file = FileOf(signer);
    return file.empty() ? "" : " (" + file + ":" + std::to_string(signer.location.line) + ")";
  }

  std::string PathOf(const writ::Signer& signer, TextId path) const {
    namespace fs = std::filesystem;
    const fs::path folder = files_.folder ? fs::path(*files_.folder) : fs::path(FileOf(signer)).parent_path();
    return (folder / program_[path]).lexically_normal().string();
  }

  Result<std::string> Read(const std::string& path) {
    const auto known = texts_.find(path);
    if (known != texts_.end()) return known->second;
    Result<std::string> text = files_.read(path);
    if (text) texts_.emplace(path, *text);
    return text;
  }

  Status LoadTrust(const writ::Signer& from, LoadedSigner& to) {
    if (from.trust == kNoText) return OkStatus();
    const std::string path = PathOf(from, from.trust);
    const Result<std::string> text = Read(path);
    if (!text) return text.error();
    const std::string digest = DigestOf(*text);
    if (from.trust_digest != kNoText && digest != program_[from.trust_digest]) {
      return Bad(path + ": found " + digest + ", expected " + Shown(program_[from.trust_digest]) +
                 "; look at what has changed, and pin the new digest only if the new trust is wanted");
    }
    const bool is_own_pki = from.kind == writ::Signer::Kind::kOwnPki;
    const auto key = std::make_pair(path, is_own_pki);
    const auto known = roots_.find(key);
    if (known == roots_.end()) {
      Result<TrustRootPtr> root =
          is_own_pki ? ParsePemTrust({.name = path, .ca_certificates = *text, .ca_intermediates = {}, .log_key = {}, .ct_log_key = {}})
                     : ParseTrustRoot(path, *text);
      if (!root) return root.error();  // names the file
      roots_.emplace(key, *root);
    }
    to.signer.trust_root = roots_.at(key);
    return OkStatus();
  }

  Status LoadWho(const writ::Signer& from, LoadedSigner& to) {
    if (from.kind != writ::Signer::Kind::kKey) {
      to.signer.identity = Identity{Text(from.issuer), Text(from.subject), program_[from.subject].find('*') != std::string_view::npos};
      if (from.kind == writ::Signer::Kind::kOwnPki) {  // root certificates name no logs: what nobody could meet is not the default
        to.signer.options.log = LogRule::kIgnored;
        to.signer.options.sct = Demand::kOptional;
      }
      return OkStatus();
    }
    const std::string path = PathOf(from, from.key);
    const Result<std::string> text = Read(path);
    if (!text) return text.error();
    Result<PublicKey> key = PublicKey::FromText(*text);
    if (!key) return Error{key.error().code, path + ": " + key.error().message};
    to.signer.key = *key;
    return OkStatus();
  }

  // SAFETY: VerifyProgram has checked that each option has a value of the list, so that "not required" is the other word.
  Status SetOption(const SignerOption& option, LoadedSigner& to) const {
    const std::string name = Text(option.name), value = Text(option.value);
    SignerOptions& options = to.signer.options;
    switch (option.kind) {
      case SignerOptionKind::kLog: options.log = value == "required" ? LogRule::kRequired : LogRule::kIgnored; break;
      case SignerOptionKind::kTimestamp: options.timestamp = DemandOf(value); break;
      case SignerOptionKind::kSct: options.sct = DemandOf(value); break;
      case SignerOptionKind::kAnnotation: return AddPair(option, options.annotations);
      case SignerOptionKind::kCertificate:
        if (!FulcioExtensionNumber(name)) return Bad("`certificate`: Fulcio's certificates have no extension `" + name + "`");
        return AddPair(option, options.certificate_extensions);
      case SignerOptionKind::kHash: options.signature_hash = ParseHashName(value); break;
      case SignerOptionKind::kPlatforms: to.platforms = PlatformsOf(value); break;
      case SignerOptionKind::kRepository: return SetRepository(value, to);
      case SignerOptionKind::kTagPrefix: return SetTagPrefix(value, to);
    }
    return OkStatus();
  }

  static Demand DemandOf(std::string_view value) { return value == "required" ? Demand::kRequired : Demand::kOptional; }
  static PlatformRule PlatformsOf(std::string_view value) {
    return value == "each" ? PlatformRule::kEach : value == "both" ? PlatformRule::kBoth : PlatformRule::kNamed;
  }

  Status AddPair(const SignerOption& option, std::map<std::string, std::string>& to) const {
    if (to.emplace(program_[option.name], program_[option.value]).second) return OkStatus();
    return Bad("`" + std::string(InfoOf(option.kind).word) + "`: `" + Text(option.name) + "` is demanded twice, and has one value");
  }

  static Status SetRepository(const std::string& text, LoadedSigner& to) {
    const Result<ImageReference> reference = ParseImageReference(text);
    if (!reference) return Bad("`repository`: " + reference.error().message);
    const std::size_t slash = text.rfind('/');
    if (reference->is_pinned() || text.find(':', slash == std::string::npos ? 0 : slash) != std::string::npos)
      return Bad("`repository`: found `" + Shown(text) +
                 "`, expected a repository without tag and digest, such as ghcr.io/acme/signatures");
    to.repository = *reference;
    return OkStatus();
  }

  static Status SetTagPrefix(const std::string& text, LoadedSigner& to) {
    if (!IsTag(text + "sha256-" + std::string(64, 'a') + ".sig"))
      return Bad("`tag_prefix`: found `" + Shown(text) + "`, expected what can begin a tag: letters, digits, `_`, `.`, `-`, at most 53");
    to.tag_prefix = text;
    return OkStatus();
  }

  const Program& program_;
  const SignerFiles& files_;
  std::map<std::string, std::string> texts_;                    // by path
  std::map<std::pair<std::string, bool>, TrustRootPtr> roots_;  // by path, and whether it is an own PKI
};

// Who signs, whatever else is demanded of the signature: a key, or an identity. Whoever vouches for an identity, it is one person; and two
// trust roots may differ in a space only.
std::string PersonOf(const LoadedSigner& loaded) {
  const ExpectedSigner& signer = loaded.signer;
  std::string text;
  if (signer.key) return text.append("key ").append(signer.key->spki());
  AddPart(text, signer.identity ? signer.identity->issuer : "");
  AddPart(text, signer.identity ? signer.identity->subject : "");
  return text;
}

// Returns two signers of which one signature would count as two: `2 of (a, b)` where a and b are one key.
// In: `2 of (a or b, c)`, `(a and b) or (a and c)`. Out: `2 of (a, b)`, `a and b`, `2 of (a or c, b or d)` where a and b are one.
using SignerPair = std::pair<SignerId, SignerId>;
std::optional<SignerPair> FindCountedTwice(std::span<const SignerTerm> terms, const std::function<std::string(SignerId)>& person_of) {
  std::vector<std::map<std::string, SignerId>> stack;  // of an operand: who may meet it
  for (const SignerTerm& term : terms) {
    if (term.kind == SignerTerm::Kind::kSigner) {
      stack.push_back({{person_of(term.signer), term.signer}});
      continue;
    }
    WRIT_CHECK(term.operands <= stack.size());  // SAFETY: VerifyProgram has run the postfix expression
    std::map<std::string, SignerId> all;
    for (std::size_t at = stack.size() - term.operands; at < stack.size(); ++at) {
      for (const auto& [person, signer] : stack[at]) {
        const auto [known, is_new] = all.emplace(person, signer);
        if (!is_new && term.needed >= 2) return SignerPair(known->second, signer);
      }
    }
    stack.resize(stack.size() - term.operands);
    stack.push_back(std::move(all));
  }
  return std::nullopt;
}

}  // namespace

Result<SignerSet> SignerSet::Load(const Program& program, const SignerFiles& files) {
  std::vector<bool> demanded(program.signers.size(), false);
  for (const Rule& rule : program.rules) {
    const ImageSpec* image = program.image(rule);
    if (image == nullptr) continue;
    for (const SignatureDemand& demand : program[image->demands]) Mark(program[demand.signers], demanded);
  }
  return LoadMarked(program, demanded, files);
}

Result<SignerSet> SignerSet::Load(const Program& program, std::span<const SignerTerm> terms, const SignerFiles& files) {
  std::vector<bool> wanted(program.signers.size(), false);
  Mark(terms, wanted);
  return LoadMarked(program, wanted, files);
}

Result<SignerSet> SignerSet::LoadMarked(const Program& program, const std::vector<bool>& wanted, const SignerFiles& files) {
  Loader loader(program, files);
  SignerSet out;
  out.signers_.resize(program.signers.size());
  for (std::size_t at = 0; at < program.signers.size(); ++at) {
    if (!wanted[at]) continue;
    Result<LoadedSigner> loaded = loader.Load(program.signers[at]);
    if (!loaded) return loaded.error();
    out.signers_[at] = std::move(*loaded);
    out.by_name_.emplace(out.signers_[at]->signer.name, SignerId(at));
    ++out.loaded_;
  }
  const auto person_of = [&out](SignerId id) { return PersonOf(*out.TryFind(id)); };
  for (const Rule& rule : program.rules) {
    const ImageSpec* image = program.image(rule);
    if (image == nullptr) continue;
    for (const SignatureDemand& demand : program[image->demands]) {
      if (const auto pair = FindCountedTwice(program[demand.signers], person_of)) return loader.CountedTwice(pair->first, pair->second);
    }
  }
  return out;
}

const LoadedSigner* SignerSet::TryFind(SignerId id) const {
  return id.index < signers_.size() && signers_[id.index] ? &*signers_[id.index] : nullptr;
}

const LoadedSigner* SignerSet::TryFind(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : TryFind(found->second);
}

}  // namespace writ::image
