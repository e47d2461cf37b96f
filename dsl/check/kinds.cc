// Kinds that policies for admission name; see kinds.h.
#include "dsl/check/kinds.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "dsl/check/policy_checker.h"
#include "rules/base/nearest_name.h"
#include "rules/index/index.h"
#include "rules/model/kubernetes_kind.h"

namespace writ::dsl {
namespace {

constexpr std::string_view kAllOperations = "cudn";

// A name that requests may have as their selector scope, with the operations that come with it.
struct KnownName {
  std::string text;
  std::string_view operations;
};

// One way to read a name: `apps/v1/Deployment` as kind `Deployment` of group `apps`.
struct Reading {
  std::string kind, group, subresource;
};

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(separator, begin);
    parts.emplace_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

std::string Joined(std::vector<std::string>::const_iterator begin, std::vector<std::string>::const_iterator end, char separator) {
  std::string text;
  for (auto part = begin; part != end; ++part) text.append(part == begin ? "" : std::string(1, separator)).append(*part);
  return text;
}

// `v1`, `v1beta1`.
bool IsVersion(std::string_view text) {
  return text.size() >= 2 && text[0] == 'v' && text[1] >= '0' && text[1] <= '9' &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); });
}

// The name as policies are to write it: `Kind.group/subresource`.
Reading ReadName(std::string_view name) {
  const std::string_view head = name.substr(0, name.find('/'));
  const std::size_t dot = head.find('.');
  return {std::string(head.substr(0, dot)), dot == std::string_view::npos ? "" : std::string(head.substr(dot + 1)),
          head.size() == name.size() ? "" : std::string(name.substr(head.size() + 1))};
}

std::string WithSubresource(std::string_view name, std::string_view subresource) {
  return subresource.empty() ? std::string(name) : std::string(name) + "/" + std::string(subresource);
}

void AddDotted(std::string_view text, const std::string& subresource, std::vector<Reading>& readings) {
  std::vector<std::string> labels = Split(text, '.');
  std::erase_if(labels, [](const std::string& label) { return IsVersion(label); });
  if (labels.empty()) return;
  readings.push_back({labels.front(), Joined(labels.begin() + 1, labels.end(), '.'), subresource});
  readings.push_back({labels.back(), Joined(labels.begin(), labels.end() - 1, '.'), subresource});
}

// Every way in which people write kinds: `apps/v1/Deployment`, `v1.Pod`, `deployments.v1.apps`, `apps/Deployment`.
std::vector<Reading> ReadingsOf(std::string_view name) {
  std::vector<Reading> readings;
  const std::vector<std::string> parts = Split(name, '/');
  const auto rest = [&](std::size_t from) {
    return from >= parts.size() ? "" : Joined(parts.begin() + static_cast<std::ptrdiff_t>(from), parts.end(), '/');
  };
  AddDotted(parts[0], rest(1), readings);
  if (parts.size() >= 2 && IsVersion(parts[0])) AddDotted(parts[1], rest(2), readings);
  if (parts.size() >= 3 && IsVersion(parts[1])) readings.push_back({parts[2], parts[0], rest(3)});
  if (parts.size() >= 2) readings.push_back({parts[1], parts[0], rest(2)});
  for (Reading& reading : readings) {
    if (Lower(reading.group) == "core") reading.group.clear();
  }
  return readings;
}

// Whether people call the kind so: `Pod`, `pod`, `pods`, `po`.
bool IsCalled(const KubernetesKind& kind, std::string_view lower) {
  if (Lower(kind.kind) == lower || kind.resource == lower) return true;
  const std::vector<std::string_view> names = ListWords(kind.short_names);
  return std::find(names.begin(), names.end(), lower) != names.end();
}

// The name that was meant when only its spelling is wrong, or "".
std::string Respelled(std::string_view name) {
  for (const Reading& reading : ReadingsOf(name)) {
    const std::string called = Lower(reading.kind), group = Lower(reading.group);
    for (const KubernetesKind& kind : KubernetesKinds()) {
      if (kind.group == group && IsCalled(kind, called)) return WithSubresource(KindName(kind), reading.subresource);
    }
  }
  return {};
}

// The names of kinds that are called so in whatever group: "`Event` or `Event.events.k8s.io`"; "" = none.
std::string InOtherGroups(std::string_view name) {
  std::string names;
  for (const Reading& reading : ReadingsOf(name)) {
    const std::string called = Lower(reading.kind);
    for (const KubernetesKind& kind : KubernetesKinds()) {
      if (IsCalled(kind, called)) names += (names.empty() ? "`" : " or `") + WithSubresource(KindName(kind), reading.subresource) + "`";
    }
    if (!names.empty()) return names;
  }
  return names;
}

std::vector<KnownName> AllNames() {
  std::vector<KnownName> names;
  for (const KubernetesKind& kind : KubernetesKinds()) {
    names.push_back({KindName(kind), kind.operations});
    for (const Subresource& each : SubresourcesOf(kind)) {
      names.push_back({WithSubresource(KindName(kind), each.name), each.operations});
      if (!each.object.empty()) names.push_back({WithSubresource(each.object, each.name), each.operations});
    }
  }
  return names;
}

class KindChecker {
 public:
  KindChecker(const TypedSet& set, ExpressionChecker& checker) : checker_(checker), names_(AllNames()) {
    for (const FileTree& tree : set.files) {
      for (const TestDecl& test : tree.tests) {
        for (const TestStep& step : test.steps) {
          if (step.kind != TestStep::Kind::kAdmit) continue;
          admitted_.push_back(KindOfObject(set, tree.file, step.value));
          admitted_.push_back(KindOfObject(set, tree.file, step.previous));
        }
      }
    }
  }

  void CheckPolicy(const PolicyDecl& policy) {
    std::string possible;  // operations of all kinds together
    std::string wanted;
    for (const Name& operation : policy.operations) wanted += LetterOf(operation);
    if (policy.operations.empty()) wanted = "cu";
    for (const Pattern& pattern : policy.scopes) {
      const std::string operations = CheckKind(pattern);
      possible += operations;
      if (operations.find_first_of(wanted) == std::string::npos) ReportNever(pattern, policy, operations);
    }
    if (policy.scopes.empty()) return;
    for (const Name& operation : policy.operations) {
      const bool comes = possible.find(LetterOf(operation)) != std::string::npos;
      const bool is_told = possible.find_first_of(wanted) == std::string::npos;  // each kind says so already
      if (!comes && !is_told) Never(operation.span, "`" + std::string(operation.text) + "`", ScopesText(policy));
    }
  }

 private:
  static char LetterOf(const Name& operation) { return operation.text == "connect" ? 'n' : operation.text[0]; }

  static std::string WordsOf(std::string_view letters) {
    std::string words;
    for (const auto& [letter, word] : {std::pair('c', "create"), {'u', "update"}, {'d', "delete"}, {'n', "connect"}}) {
      if (letters.find(letter) != std::string_view::npos) words += (words.empty() ? "" : ", ") + std::string(word);
    }
    return words;
  }

  static std::string ScopesText(const PolicyDecl& policy) {
    std::string text;
    for (const Pattern& pattern : policy.scopes) text += (text.empty() ? "`" : ", `") + std::string(pattern.text) + "`";
    return text;
  }

  Diagnostic& Never(SourceSpan span, const std::string& operations, const std::string& scopes) {
    return checker_.Emit(DiagnosticKind::kOperationNeverComes, span, {operations, scopes});
  }

  // None of the policy's operations is one of the kind's.
  void ReportNever(const Pattern& pattern, const PolicyDecl& policy, const std::string& operations) {
    std::string wanted = "create, update";
    if (!policy.operations.empty()) wanted.clear();
    for (const Name& operation : policy.operations) wanted += (wanted.empty() ? "" : ", ") + std::string(operation.text);
    Diagnostic& diagnostic = Never(pattern.span, "`" + wanted + "`", "`" + std::string(pattern.text) + "`");
    if (!operations.empty()) diagnostic.help = "write `on " + WordsOf(operations) + "`";
  }

  // Reports what is wrong with one pattern after `of`; returns the operations that may come.
  std::string CheckKind(const Pattern& pattern) {
    if (pattern.has_wildcard) return CheckWildcard(pattern);
    const std::string name = LiteralName(pattern);
    std::string operations;
    for (const KnownName& known : names_) {
      if (known.text == name) operations += known.operations;
    }
    const Reading reading = ReadName(name);
    const KubernetesKind* kind = TryFindKind(reading.group, reading.kind);
    if (!operations.empty() || (kind != nullptr && reading.subresource.empty())) return operations;
    if (kind != nullptr) {
      ReportSubresource(pattern, *kind, reading.subresource);
    } else if (!ReportObjectKind(pattern, name)) {
      ReportUnknown(pattern, name, reading);
    }
    return std::string(kAllOperations);
  }

  std::string CheckWildcard(const Pattern& pattern) {
    std::string operations;
    const std::string_view text = pattern.text;
    const std::string_view head = text.substr(0, text.find('/'));
    const bool is_any_group = head.ends_with(".*");                           // the core group's, too
    const bool reaches_below = text != head || text.find("**") != text.npos;  // a subresource can be matched
    if (reaches_below && head.find('*', std::min(head.find('.'), head.size())) != head.npos) return std::string(kAllOperations);
    for (const KnownName& known : names_) {
      if (GlobMatches(text, known.text) || (is_any_group && GlobMatches(text, WithEmptyGroup(known.text)))) operations += known.operations;
    }
    if (!operations.empty()) return operations;
    if (!IsAdmitted(pattern)) ReportWildcard(pattern);
    return std::string(kAllOperations);
  }

  // `Pod/exec` as `Pod./exec`, which `Pod.*/exec` matches.
  static std::string WithEmptyGroup(const std::string& name) {
    const std::size_t slash = std::min(name.find('/'), name.size());
    return name.substr(0, slash) + "." + name.substr(slash);
  }

  bool IsAdmitted(const Pattern& pattern) const {
    const std::string_view head = pattern.text.substr(0, pattern.text.find('/'));
    return std::any_of(admitted_.begin(), admitted_.end(), [&](const std::string& name) {
      return !name.empty() && (GlobMatches(pattern.text, name) || GlobMatches(head, name));
    });
  }

  void ReportWildcard(const Pattern& pattern) {
    const std::string_view head = pattern.text.substr(0, pattern.text.find('/'));
    if (head.starts_with("*.") && head.find('*', 1) == std::string_view::npos) {
      ReportGroup(pattern, std::string(head.substr(2)));
      return;
    }
    const bool is_any_group = head.ends_with(".*") && head.find('*') == head.size() - 1;
    const std::string meant = is_any_group ? InOtherGroups(head.substr(0, head.size() - 2)) : "";
    if (!meant.empty()) {
      const std::string kind = meant.substr(1, meant.find_first_of(".`/", 1) - 1);
      checker_.Emit(DiagnosticKind::kUnknownKind, pattern.span, {pattern.text, kSpelling}).help = "write `" + kind + ".*`";
      return;
    }
    checker_
        .Emit(DiagnosticKind::kUncheckedKind, pattern.span,
              {pattern.text, "it matches no kind of Kubernetes " WRIT_KUBERNETES_VERSION " or ToolHive " WRIT_TOOLHIVE_VERSION})
        .note = kTestNote;
  }

  // `*.group` of a group that is not known.
  void ReportGroup(const Pattern& pattern, const std::string& group) {
    Diagnostic& diagnostic = group.find('.') == std::string::npos ? NoSuchGroup(pattern, group) : UnknownGroup(pattern, group);
    if (const std::string_view closest = ClosestGroup(group); !closest.empty())
      diagnostic.help = "did you mean `*." + std::string(closest) + "`?";
  }

  // Custom resources have groups with a dot: the API server refuses others.
  Diagnostic& NoSuchGroup(const Pattern& pattern, const std::string& group) {
    return checker_.Emit(DiagnosticKind::kUnknownKind, pattern.span, {pattern.text, "there is no group `" + group + "`"});
  }

  Diagnostic& UnknownGroup(const Pattern& pattern, const std::string& group) {
    Diagnostic& diagnostic =
        checker_.Emit(DiagnosticKind::kUncheckedKind, pattern.span,
                      {pattern.text, "neither Kubernetes " WRIT_KUBERNETES_VERSION " nor ToolHive " WRIT_TOOLHIVE_VERSION " has a group `" +
                                         group + "`"});
    diagnostic.note = kTestNote;
    return diagnostic;
  }

  static std::string_view ClosestGroup(std::string_view group) {
    std::vector<std::string_view> groups;
    for (const KubernetesKind& kind : KubernetesKinds()) {
      if (groups.empty() || groups.back() != kind.group) groups.push_back(kind.group);
    }
    return NearestName(group, groups);
  }

  void ReportSubresource(const Pattern& pattern, const KubernetesKind& kind, const std::string& subresource) {
    const std::vector<Subresource> all = SubresourcesOf(kind);
    std::vector<std::string_view> candidates;
    candidates.reserve(all.size());
    for (const Subresource& each : all) candidates.push_back(each.name);
    const std::string_view closest = NearestName(subresource, candidates);
    Diagnostic& diagnostic =
        IsToolHiveGroup(kind.group)
            ? checker_.Emit(DiagnosticKind::kUncheckedKind, pattern.span,
                            {pattern.text, "ToolHive " WRIT_TOOLHIVE_VERSION " has no such subresource"})
            : checker_.Emit(DiagnosticKind::kUnknownKind, pattern.span,
                            {pattern.text, "`" + KindName(kind) + "` has no subresource `" + subresource + "` that is asked about"});
    if (!closest.empty()) diagnostic.help = "did you mean `" + KindName(kind) + "/" + std::string(closest) + "`?";
  }

  // `PodExecOptions` is no object of its own: only what `Pod/exec` is sent.
  bool ReportObjectKind(const Pattern& pattern, const std::string& name) {
    const std::string_view head = std::string_view(name).substr(0, name.find('/'));
    for (const KnownName& known : names_) {
      if (!known.text.starts_with(head) || known.text.size() <= head.size() || known.text[head.size()] != '/') continue;
      checker_.Emit(DiagnosticKind::kUnknownKind, pattern.span, {pattern.text, "it is only sent to a subresource"}).help =
          "write `" + known.text + "`";
      return true;
    }
    return false;
  }

  void ReportUnknown(const Pattern& pattern, const std::string& name, const Reading& reading) {
    if (const std::string meant = Respelled(name); !meant.empty()) {
      checker_.Emit(DiagnosticKind::kUnknownKind, pattern.span, {pattern.text, kSpelling}).help = "write `" + meant + "`";
      return;
    }
    const std::string& group = reading.group;
    if (IsToolHiveGroup(group)) {
      AddMeant(checker_.Emit(DiagnosticKind::kUncheckedKind, pattern.span,
                             {pattern.text, "ToolHive " WRIT_TOOLHIVE_VERSION " has no kind `" + reading.kind + "`"}),
               name);
    } else if (IsKnownGroup(group)) {
      const std::string where = group.empty() ? "the core group" : "group `" + group + "`";
      AddMeant(checker_.Emit(DiagnosticKind::kUnknownKind, pattern.span, {pattern.text, where + " has no kind `" + reading.kind + "`"}),
               name);
    } else if (group.find('.') == std::string::npos) {
      AddMeant(NoSuchGroup(pattern, group), name);
    } else if (!IsAdmitted(pattern)) {
      Diagnostic& diagnostic = UnknownGroup(pattern, group);
      const std::string_view closest = ClosestGroup(group);
      const std::string meant = closest.empty() ? "" : Respelled(reading.kind + "." + std::string(closest));
      if (!meant.empty()) diagnostic.help = "did you mean `" + WithSubresource(meant, reading.subresource) + "`?";
    }
  }

  void AddMeant(Diagnostic& diagnostic, const std::string& name) const {
    if (const std::string meant = InOtherGroups(name); !meant.empty()) {
      diagnostic.help = "write " + meant;
      return;
    }
    std::vector<std::string_view> candidates;
    for (const KnownName& known : names_) candidates.push_back(known.text);
    for (const KubernetesKind& kind : KubernetesKinds()) candidates.push_back(kind.kind);
    const std::string_view closest = NearestName(name, candidates);
    if (closest.empty()) return;
    const bool is_whole = std::any_of(names_.begin(), names_.end(), [&](const KnownName& known) { return known.text == closest; });
    diagnostic.help = "did you mean " + (is_whole ? "`" + std::string(closest) + "`" : InOtherGroups(closest)) + "?";
  }

  static constexpr const char* kSpelling = "policies name kinds as `Kind` or `Kind.group`, spelled as in manifests, without a version";
  static constexpr const char* kTestNote = "a test that admits such an object says that the kind is meant";

  ExpressionChecker& checker_;
  std::vector<KnownName> names_;
  std::vector<std::string> admitted_;  // kinds of objects in tests
};

}  // namespace

std::string KindOfObject(const TypedSet& set, FileId file, ExprId id) {
  if (!id.valid() || set.expr(file, id).kind != ExprKind::kMap) return {};
  const Expr& object = set.expr(file, id);
  std::string kind, version;
  for (std::size_t i = 0; i + 1 < object.args.size(); i += 2) {
    if (!object.args[i].valid() || !object.args[i + 1].valid()) continue;
    const Value& key = set.expr(file, object.args[i]).value;
    const Value& value = set.expr(file, object.args[i + 1]).value;
    if (!key.is(Kind::kString) || !value.is(Kind::kString)) continue;
    if (key.string() == "kind") kind = value.string();
    if (key.string() == "apiVersion") version = value.string();
  }
  const std::size_t slash = version.find('/');
  return slash == std::string::npos ? kind : kind + "." + version.substr(0, slash);
}

void CheckKinds(const TypedSet& set, ExpressionChecker& checker) {
  const auto is_admission = [](const TypedPolicy& policy) { return policy.decl->target == Target::kAdmission; };
  if (std::none_of(set.policies.begin(), set.policies.end(), is_admission)) return;
  KindChecker kinds(set, checker);
  for (const TypedPolicy& policy : set.policies) {
    if (is_admission(policy)) kinds.CheckPolicy(*policy.decl);
  }
}

}  // namespace writ::dsl
