const answers = {
  museum: 'The museum opens at ten.',
  ferry: 'At the counter, or in the app.',
  dogs: '{"dogs": true}',
};
module.exports = class {
  id() { return 'harbour-1'; }
  async callApi(prompt) {
    if (prompt.includes('perro')) return { error: 'no answer in this language' };
    const key = Object.keys(answers).find((word) => prompt.includes(word));
    return { output: answers[key] };
  }
};
