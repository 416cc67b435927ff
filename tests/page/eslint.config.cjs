// The page's scripts are one scope, so they are linted as one text.
const browser = ['document', 'window', 'navigator', 'location', 'history', 'addEventListener', 'innerHeight', 'getComputedStyle', 'CSS', 'structuredClone'];
module.exports = [{
  languageOptions: {ecmaVersion: 2022, sourceType: 'script', globals: Object.fromEntries(browser.map((name) => [name, 'readonly']))},
  linterOptions: {reportUnusedDisableDirectives: 'error'},
  rules: {
    'constructor-super': 'error', 'eqeqeq': 'error', 'for-direction': 'error', 'getter-return': 'error', 'no-alert': 'error',
    'no-class-assign': 'error', 'no-cond-assign': 'error', 'no-const-assign': 'error', 'no-constant-condition': 'error',
    'no-console': 'error', 'no-dupe-args': 'error', 'no-dupe-class-members': 'error', 'no-dupe-else-if': 'error', 'no-dupe-keys': 'error',
    'no-duplicate-case': 'error', 'no-empty-pattern': 'error', 'no-eval': 'error', 'no-fallthrough': 'error', 'no-func-assign': 'error',
    'no-implied-eval': 'error', 'no-loss-of-precision': 'error', 'no-new-func': 'error', 'no-redeclare': 'error', 'no-self-assign': 'error',
    'no-self-compare': 'error', 'no-shadow-restricted-names': 'error', 'no-sparse-arrays': 'error', 'no-this-before-super': 'error',
    'no-undef': 'error', 'no-unreachable': 'error', 'no-unsafe-finally': 'error', 'no-unsafe-optional-chaining': 'error',
    'no-unused-vars': ['error', {args: 'after-used', argsIgnorePattern: '^_', caughtErrors: 'none', ignoreRestSiblings: true}],
    'no-useless-escape': 'error', 'no-var': 'error', 'prefer-const': ['error', {destructuring: 'all'}], 'use-isnan': 'error', 'valid-typeof': 'error',
  },
}];
